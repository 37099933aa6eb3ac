import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BlocksInUse } from '../blocks-in-use.ts';
import { KvBlocks } from '../kv-blocks.ts';
import { RankColumns } from '../rank-columns.ts';
import { RequestTable } from '../request-table.ts';
import { leastOccupied, Places, type PlacesView } from './place-to-decode.ts';

const ranks = 24;
const sizes = { kvBlocks: 40, blockTokens: 4, stateBlocks: 0, maxSequences: 4 };
const [watermark, maxSequences] = [2, sizes.maxSequences];

class Decoding implements PlacesView {
  readonly columns: RankColumns;
  readonly kv: readonly KvBlocks[];

  constructor() {
    const used = new BlocksInUse(ranks);
    this.columns = new RankColumns(sizes, used, new RequestTable());
    this.kv = Array.from(used.of, (_, rank) => new KvBlocks(sizes.kvBlocks, sizes.blockTokens, used, rank));
  }

  vacant(rank: number): boolean {
    return this.columns.places.of[rank] === 0;
  }
}

const rank = fc.nat(ranks - 1);
const act = fc.oneof(
  // A prompt takes the place that is found, or leaves it.
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('prompt'), blocks: fc.constantFrom(0, 1, 2, 3, 20), by: fc.constantFrom(1, 1, 1, 0) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('ends'), rank, blocks: fc.nat(9), times: fc.constantFrom(1, 1, 1, 30, 100) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('grows'), rank, blocks: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('closed'), ranks: fc.array(rank) }) },
);

describe('places to decode', () => {
  test('RTE-2 prompts that come one after the other get the places that all ranks are looked at for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), fc.array(fc.tuple(fc.nat(2), act), { minLength: 100, maxLength: 400 }), (count, acts) => {
        const instances = Array.from({ length: count }, () => new Decoding());
        const places = new Places();
        const found: number[] = [];
        const naive: number[] = [];
        for (const [at, one] of acts) {
          const instance = instances[at % count] as Decoding;
          const { columns, kv } = instance;
          if ('by' in one) {
            naive.push(leastOccupied(instances, maxSequences, one.blocks, watermark));
            const place = places.find(instances, maxSequences, one.blocks, watermark);
            found.push(place);
            if (place < 0 || one.by === 0) continue;
            const { columns: there, kv } = instances[Math.floor(place / ranks)] as Decoding;
            there.places.increase(place % ranks);
            kv[place % ranks]?.take(one.blocks);
          } else if ('ranks' in one) columns.close(new Set(one.ranks));
          else {
            const blocks = Math.min(one.blocks, one.kind === 'ends' ? (kv[one.rank]?.used ?? 0) : (kv[one.rank]?.room ?? 0));
            if (one.kind === 'grows') kv[one.rank]?.take(blocks);
            else {
              if (columns.places.of[one.rank] !== 0) columns.places.decrease(one.rank);
              for (let times = one.times, left = blocks; times > 0; times--, left = 0) kv[one.rank]?.give(left);
            }
          }
        }
        expect(found).toEqual(naive);
      }),
      { numRuns: 200 },
    );
  });
});
