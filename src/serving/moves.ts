import type { Instance } from './instance.ts';
import { place } from './place.ts';
import type { PoolPlant } from './plant.ts';
import { Fifo } from './policies/fifo.ts';
import { Places } from './policies/place-to-decode.ts';
import { rankOver, type Pool } from './pools.ts';
import { anywhere } from './rare-fields.ts';
import { fetchedTogether } from './request-table.ts';
import type { World } from './world.ts';

/** Prompts whose KV waits in a prefill instance for a place to decode, and their way there. */
export class Moves {
  readonly waiting: Fifo = new Fifo();
  /** Instances that take KV: those that are active. */
  open: readonly Instance[] = [];
  /** A preemption has left room to decode since it was last handed out. */
  vacated = false;
  readonly #world: World;
  readonly #from: PoolPlant;
  readonly #to: Pool;
  readonly #places = new Places();
  /** Turns that prompts have had. */
  #turns = 0;

  /** @param from the pool that computes prompts, `to`: the one that decodes */
  constructor(world: World, from: PoolPlant, to: Pool) {
    this.#world = world;
    this.#from = from;
    this.#to = to;
  }

  /** The KV of a prompt may go from now on. */
  add(slot: number): void {
    this.waiting.push(slot);
    this.begin();
  }

  /** Promises places to decode, first come first served, and sends the KV there (RTE-2). */
  begin(): void {
    const { waiting } = this;
    this.vacated = false;
    if (waiting.size === 0) return;
    const { table } = this.#world;
    const { plant, instances, first } = this.#to;
    // One that has to decode on an instance without room does not hold up those behind it.
    let passed: number[] | undefined;
    while (waiting.size > 0) {
      const slot = waiting.first;
      const { decodesOn: only, decodesOnRank } = table.rare.of(slot);
      const open = only === anywhere ? this.open : this.open.filter(({ index }) => (index - first) % plant.instances === only);
      const blocks = instances[0].columns.blocksFor(table.prompt[slot]);
      const rank = only === anywhere ? anywhere : decodesOnRank;
      const found = this.#places.find(open, plant.maxSequences, blocks, plant.watermarkBlocks, rank);
      if (found < 0 && only === anywhere) break;
      waiting.shift();
      if (++this.#turns % fetchedTogether === 0) table.fetchFirst(waiting);
      if (found < 0) (passed ??= []).push(slot);
      else this.#send(slot, open[Math.floor(found / plant.ranks)], found % plant.ranks);
    }
    if (passed !== undefined) for (const slot of passed.toReversed()) waiting.pushFront(slot);
  }

  #send(slot: number, instance: Instance, rank: number): void {
    const { table, now, sink, transport } = this.#world;
    const { plant, first } = this.#to;
    instance.reserve(slot, rank);
    table.reservedAt[slot] = now;
    table.place[slot] = place.pushing;
    const over = rankOver((instance.index - first) * plant.ranks + rank, plant);
    const bytes = transport.push(now, slot, table.prompt[slot], rankOver(table.source[slot], this.#from), over);
    sink?.({ kind: 'transfer-begun', at: now, request: table.ordinal[slot], errand: 'push', bytes, pool: plant.name, instance: instance.index, rank });
  }
}
