import type { Bar, Block, Section } from './block.ts';
import { bar, columns, row } from './cells.ts';
import { percentages } from './shares.ts';
import type { CacheSummary, PoolSummary, Summary } from './summary.ts';
import { count, list, percent, quantity, sentence } from './wording.ts';

function tone(share: number): Bar['tone'] {
  return share >= 0.9 ? 'warn' : 'plain';
}

function poolBars(pool: PoolSummary): Block {
  const slots = pool.role === 'prefill' ? 'of the token budget filled' : 'of the sequence slots taken';
  return {
    kind: 'bars',
    caption: `${pool.name}: how busy its instances and the engines of a die are`,
    rows: [
      bar('load', pool.load, percent(pool.load), 'of what it sustains with full batches', tone(pool.load)),
      bar('running a step', pool.busy, percent(pool.busy), `of the time, ${count(pool.steps, 'step')}`),
      bar('batch', pool.occupancy, percent(pool.occupancy), slots),
      bar('KV blocks', pool.kv.mean, percent(pool.kv.mean), `in use; at most ${percent(pool.kv.max)}`, tone(pool.kv.max)),
      ...pool.engines.map(({ name, utilisation }) => bar(`${name} engine`, utilisation, percent(utilisation), 'of the time', tone(utilisation))),
    ],
  };
}

/** How busy pools, engines and planes were. */
export function utilisationSection(summary: Summary): Section {
  const blocks: Block[] = summary.pools.map(poolBars);
  if (summary.planes.length > 0)
    blocks.push({
      kind: 'bars',
      caption: 'Planes: what their busiest side moved of its capacity',
      rows: summary.planes.map((plane) =>
        bar(
          `${plane.name} (${plane.role})`,
          plane.utilisation,
          percent(plane.utilisation),
          [plane.use, plane.bytes > 0 ? `${quantity(plane.bytes, 'B')} moved` : ''].filter((part) => part !== '').join(', '),
          tone(plane.utilisation),
        ),
      ),
    });
  return { title: 'Utilisation', blocks };
}

/** What the prefix cache found and holds, or undefined where there is none. */
export function cacheSection(summary: Summary): Section | undefined {
  const { cache } = summary;
  if (cache === undefined) return undefined;
  const filled = cache.capacity > 0 ? cache.used / cache.capacity : NaN;
  return {
    title: 'Prefix cache',
    blocks: [
      {
        kind: 'bars',
        caption: 'Prefix cache: what it found, and how full it is',
        rows: [
          bar('hit rate', cache.hitShare, percent(cache.hitShare), `${count(cache.tokensHit, 'token')} found in ${count(cache.lookups, 'lookup')}`),
          ...(Number.isFinite(filled)
            ? [
                bar(
                  'filled',
                  filled,
                  percent(filled),
                  `${quantity(cache.used, 'B')} of ${quantity(cache.capacity, 'B')}, ${count(cache.evictions, 'eviction')}`,
                ),
              ]
            : []),
        ],
      },
      ...(cache.pool === undefined ? [] : poolBlocks(cache.pool, cache)),
    ],
  };
}

/** By tier what it found and moved, and what other capacities would have found. */
function poolBlocks(pool: NonNullable<CacheSummary['pool']>, { tokensHit }: CacheSummary): readonly Block[] {
  const reading = pool.readShare === undefined ? 'reading is part of the iterations' : `reading took ${percent(pool.readShare)} of the time to first token`;
  const tiers: Block = {
    kind: 'table',
    caption: `Tiers of the prefix cache over ${pool.plane}, on ${count(pool.nodes, 'node')}; ${reading}`,
    columns: columns(['tier', 'tokens found', 'of all found', 'read', 'written']),
    rows: pool.tiers.map((tier) =>
      row(
        tier.name,
        count(tier.tokensHit, 'token'),
        percent(tokensHit > 0 ? tier.tokensHit / tokensHit : 0),
        quantity(tier.read, 'B'),
        quantity(tier.written, 'B'),
      ),
    ),
  };
  if (pool.curve.length === 0) return [tiers];
  const sample = pool.sampled < 1 ? `, estimated on ${percent(pool.sampled)} of the blocks` : '';
  const curve: Block = {
    kind: 'bars',
    caption: `Hit rate by memory given to the cache: the most recently used blocks alone${sample}`,
    rows: pool.curve.map(({ capacity, hitShare }) => bar(quantity(capacity, 'B'), hitShare, percent(hitShare), 'of looked-up prompt tokens')),
  };
  return [tiers, curve];
}

/** Memory that nothing uses. */
const spare: ReadonlySet<string> = new Set(['kept free', 'less than a block', 'not used']);

interface Use {
  readonly name: string;
  readonly bytes: number;
  /** What it is made of, largest first. */
  readonly parts: readonly { readonly name: string; readonly bytes: number }[];
}

/** Uses of memory, `weights: experts` and the like under one name, what nothing uses last. */
function uses(memory: PoolSummary['memory']): readonly Use[] {
  const byName = Map.groupBy(memory, ({ name }) => name.split(': ')[0] ?? name);
  const all = [...byName].map(([name, parts]) => ({
    name,
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    parts: [...parts].sort((a, b) => b.bytes - a.bytes),
  }));
  return [...all.filter(({ name }) => !spare.has(name)), ...all.filter(({ name }) => spare.has(name))];
}

/** Memory as one bar; none where there are no parts. */
function stacked(memory: readonly { readonly name: string; readonly bytes: number }[], caption: (total: string) => string): Block[] {
  const total = memory.reduce((sum, { bytes }) => sum + bytes, 0);
  const shares = memory.map(({ bytes }) => (total > 0 && Number.isFinite(bytes / total) ? Math.max(0, bytes / total) : 0));
  const words = percentages(shares);
  const parts = memory.map(({ name, bytes }, index) => ({
    name,
    share: shares[index] ?? 0,
    percentage: words[index] ?? '',
    value: quantity(bytes, 'B'),
    spare: spare.has(name),
  }));
  return parts.length === 0 ? [] : [{ kind: 'stack', caption: caption(quantity(total, 'B')), parts }];
}

/** What one die of each pool keeps in its memory. */
export function memorySection(summary: Summary): Section {
  return {
    title: 'Memory',
    blocks: summary.pools.flatMap((pool): Block[] => {
      const memory = uses(pool.memory);
      const { expertMemory } = pool;
      const blocks: Block[] = [
        ...stacked(memory, (total) => `${pool.name}: the ${total} of one die${expertMemory === undefined ? '' : ' that attends'}`),
        ...(expertMemory === undefined ? [] : stacked(uses(expertMemory), (total) => `${pool.name}: the ${total} of one die of experts`)),
      ];
      const lines = memory
        .filter((use) => use.parts.length > 1)
        .map(
          (use) =>
            `${sentence(use.name).replace(/\.$/, '')}: ${list(use.parts.map(({ name, bytes }) => `${name.split(': ').slice(1).join(': ')} ${quantity(bytes, 'B')}`))}.`,
        );
      if (pool.kvBlocks > 0)
        lines.push(
          `${count(pool.kvBlocks, 'KV block')} of ${count(pool.kvBlockTokens, 'token')} on each data-parallel rank, ${count(pool.kvBlocks * pool.kvBlockTokens, 'token')} in all; ${count(pool.preemptions, 'preemption')}.`,
        );
      if (lines.length > 0) blocks.push({ kind: 'sentences', tone: 'plain', lines });
      return blocks;
    }),
  };
}

/** Requests by their fate, and the cause of each that was not served. */
export function requestsTable(summary: Summary): Block {
  const { requests } = summary;
  const of = (n: number): string => (requests.arrived > 0 ? percent(n / requests.arrived) : '');
  const line = (name: string, n: number): ReturnType<typeof row> => row(name, count(n, 'request'), of(n));
  return {
    kind: 'table',
    caption: 'Every request by its fate at the end of the run',
    columns: columns(['', 'requests', 'share']),
    rows: [
      line('arrived', requests.arrived),
      line('finished', requests.finished),
      line('running', requests.running),
      line('waiting', requests.waiting),
      line('rejected', requests.rejected),
      line('failed', requests.failed),
      ...requests.causes.map(({ cause, count: n }) => line(`  ${cause}`, n)),
    ],
  };
}
