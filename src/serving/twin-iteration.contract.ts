import type { PipelineCost, StepCost } from '../cost/batch.ts';
import { held, least, sum, usedBlocks, type Instance, type Rank } from './twin-state.contract.ts';

/** What an instance's iteration computes over all its ranks, and its cost. */
export interface TwinIteration {
  readonly cost: StepCost;
  readonly prefillTokens: number;
  readonly prefillContext: number;
  readonly prefillPairs: number;
  readonly decodeSequences: number;
  readonly decodeContext: number;
  /** What the iteration takes and what the rank whose turn it is would take alone; in one of eleven, the first one among them. */
  readonly barrier: { readonly time: number; readonly wait: number } | undefined;
}

/** SCH-8: whether decoding sequences stand still in the iteration that was formed. */
export function promptsAlone({ ranks, plant }: Instance): boolean {
  return plant.prefillFirst === true && ranks.some(({ chunks }) => chunks.some((chunk) => chunk > 0));
}

/** SCH-6 over sequences and prompts listed one by one. */
export function priced(instance: Instance): TwinIteration {
  const { ranks, plant, steps } = instance;
  const still = promptsAlone(instance);
  const queryTokens = 1 + plant.acceptance.length;
  const batchOf = (rank: Rank) => {
    const parts = rank.prefilling.map(({ computed }, i) => ({ before: computed, chunk: rank.chunks[i] as number })).filter(({ chunk }) => chunk > 0);
    return {
      decodeSequences: still ? 0 : rank.decoding.length,
      queryTokens,
      decodeContext: sum(still ? [] : rank.decoding, (request) => held(plant, request, steps)),
      prefillTokens: sum(parts, ({ chunk }) => chunk),
      prefillSequences: parts.length,
      prefillPairs: sum(parts, ({ before, chunk }) => sum([...Array(chunk).keys()], (i) => before + i + 1)),
      prefillContext: sum(parts, ({ before, chunk }) => before + chunk),
    };
  };
  const batches = ranks.filter((rank) => usedBlocks(rank) > 0).map(batchOf);
  type Batch = (typeof batches)[number];
  const tokens = (batch: Batch) => batch.decodeSequences * queryTokens + batch.prefillTokens;
  const instanceTokens = sum(batches, tokens);
  const prefillTokens = sum(batches, (batch) => batch.prefillTokens);
  const candidates = [
    ...(batches.some(({ decodeSequences }) => decodeSequences > 0) ? [least(batches, (a, b) => b.decodeContext - a.decodeContext)] : []),
    least(batches, (a, b) => tokens(b) - tokens(a) || b.decodeContext - a.decodeContext),
    ...(prefillTokens > 0 ? [least(batches, (a, b) => b.prefillPairs - a.prefillPairs)] : []),
  ];
  const cost = least(
    candidates.map((rank) => plant.pricer.cost({ rank, instanceTokens })),
    (a, b) => b.time - a.time,
  );
  return {
    cost,
    barrier: waited(instance, cost.time, prefillTokens > 0 ? (plant.launching ?? 0) : 0, (rank) => {
      const own = batchOf(rank);
      const decoding = batches.some(({ decodeSequences }) => decodeSequences > 0);
      const dummy = decoding
        ? { ...own, decodeSequences: 1, decodeContext: 1 }
        : { ...own, prefillTokens: 1, prefillSequences: 1, prefillPairs: 1, prefillContext: 1 };
      return plant.pricer.cost({ rank: tokens(own) > 0 ? own : dummy, instanceTokens });
    }),
    prefillTokens,
    prefillContext: sum(batches, (batch) => batch.prefillContext),
    prefillPairs: sum(batches, (batch) => batch.prefillPairs),
    decodeSequences: sum(batches, (batch) => batch.decodeSequences),
    decodeContext: sum(batches, (batch) => batch.decodeContext),
  };
}

/** How long the ranks take turns to tell that they wait: every eleventh iteration, one rank. */
function waited(instance: Instance, slowest: number, least: number, alone: (rank: Rank) => StepCost): TwinIteration['barrier'] {
  const formed = instance.formed++;
  const { ranks } = instance;
  if (ranks.length === 1 || formed % 11 !== 0) return undefined;
  const time = Math.max(slowest, least);
  const own = Math.max(alone(ranks[(formed / 11) % ranks.length] as Rank).time, least);
  return { time, wait: Math.max(0, time - own) };
}

const grid = 2 ** 30;

/** PIP-3: how long an iteration takes that enters its pipeline now. */
export function passed({ pipeline }: Instance, { stages, send, host }: PipelineCost, now: number, least: number): number {
  const onGrid = (time: number) => Math.max(1, Math.ceil(time * grid)) / grid;
  let at = now;
  for (const [s, time] of [...stages, host].entries()) {
    const there = s === 0 || s === stages.length ? at : at + onGrid(send);
    at = Math.max(there, pipeline.free[s] as number) + onGrid(s === stages.length ? time : Math.max(time, least / stages.length));
    pipeline.free[s] = at;
  }
  return at - now;
}
