import type { SimulationEvent } from './events.ts';
import type { Instance } from './instance.ts';
import { blocksToPin, cachedUnits } from './shared-prefixes.ts';
import type { Simulation } from './simulation.ts';

const gridStep = 2 ** -30;

/** Looked at millions of times: dear words are for what does not hold. */
function holds(law: boolean, what: () => string): void {
  if (!law) throw new Error(what());
}

/** What holds behind every event: the clock goes on, every request is somewhere, and so is every block. */
export function watcher(): { readonly watch: (simulation: Simulation) => void; readonly idle: () => number } {
  let last = 0;
  let idle = 0;
  return {
    idle: () => idle,
    watch: (simulation) => {
      const { at, arrived, finished, rejected, failed, waiting, running } = simulation.snapshot();
      holds(at >= last, () => `the clock went from ${last} back to ${at}`);
      last = at;
      holds(arrived === finished + rejected + failed + waiting + running, () => `requests: ${JSON.stringify(simulation.snapshot())}`);
      holds(waiting >= 0 && running >= 0, () => `${waiting} wait and ${running} run`);
      for (const { instances, plant } of simulation.pools)
        for (const instance of instances) {
          for (const rank of instance.ranks) {
            holds(rank.usedBlocks >= 0 && rank.room >= 0, () => `${rank.usedBlocks} blocks in use, room for ${rank.room}`);
            holds(rank.members.length + rank.prefilling.length <= plant.maxSequences, () => `${rank.sequences} sequences`);
            const out = !instance.serving.includes(rank);
            holds(!out || (rank.usedBlocks === 0 && rank.load === 0 && rank.queuedTokens === 0), () => `rank ${rank.index} takes no part and holds something`);
            holds(rank.queuedTokens >= 0, () => `${rank.queuedTokens} queued tokens`);
          }
          // Whatever is due within a step of the grid may still start it.
          if (plant.stages > 1 || instance.running || instance.stuck || simulation.nextEventAt <= at + gridStep) continue;
          idle++;
          holds(!serviceable(simulation, instance), () => `instance ${instance.index} stands still at ${at} and could work`);
        }
    },
  };
}

/** Work conservation: whether an instance that stands still has something that it could compute. */
function serviceable({ table }: Simulation, { ranks, options }: Instance): boolean {
  return ranks.some((rank) => {
    if (rank.members.length > 0 || rank.prefilling.length > 0 || rank.columns.ready.first(rank.at) >= 0) return true;
    if (rank.late.size > 0) return true;
    if (rank.waiting.size === 0 || rank.sequences >= options.maxSequences) return false;
    const slot = rank.waiting.first;
    const units = options.prefixCaching ? cachedUnits(table, rank, slot) : 0;
    const own = Math.ceil((table.prompt[slot] ?? 0) / rank.blockTokens) + options.stateBlocks - units * rank.unitBlocks;
    return rank.room >= own + blocksToPin(table, rank, slot, units) + (rank.kv.sequences === 0 ? 0 : options.watermarkBlocks);
  });
}

/** What holds at the end: nothing is left anywhere. */
export function leavesNothing(simulation: Simulation): void {
  holds(simulation.table.inUse === 0, () => `${simulation.table.inUse} requests are left`);
  holds([...simulation.table.slots()].length === 0, () => 'a request is still somewhere');
  holds(simulation.transfers.active === 0, () => `${simulation.transfers.active} flows are left`);
  for (const { instances } of simulation.pools)
    for (const { ranks } of instances)
      for (const rank of ranks) {
        const left = [rank.usedBlocks, rank.queuedTokens, rank.sequences, rank.waiting.size, rank.late.size, rank.columns.baseSum[rank.at]];
        holds(
          left.every((count) => count === 0),
          () => `blocks, tokens, sequences left: ${left.join(', ')}`,
        );
      }
}

/** What may come before each thing that happens to a request: the last of what happened to it. */
const before: Readonly<Record<string, readonly string[]>> = {
  arrived: [''],
  rejected: ['arrived'],
  routed: ['arrived', 'preempted', 'interrupted'],
  // Before it is queued, or in its iteration.
  fetched: ['routed', 'arrived', 'scheduled'],
  scheduled: ['routed', 'fetched', 'preempted'],
  prefilled: ['scheduled', 'fetched'],
  'first-token': ['prefilled', 'moved'],
  moved: ['prefilled', 'first-token'],
  preempted: ['scheduled', 'prefilled', 'first-token', 'moved'],
  interrupted: ['routed', 'fetched', 'scheduled', 'prefilled', 'first-token', 'moved', 'preempted'],
  finished: ['prefilled', 'first-token', 'moved'],
  failed: ['arrived', 'routed', 'fetched', 'scheduled', 'prefilled', 'first-token', 'moved', 'preempted', 'interrupted'],
};

/** Causality: time never goes back, and each request goes through its life in order and ends once. Returns which ways were gone. */
export function inOrder(events: readonly SimulationEvent[], requests: number): ReadonlySet<string> {
  const last = new Map<number, string>();
  const ways = new Set<string>();
  let now = 0;
  for (const event of events) {
    holds(event.at >= now, () => `${event.kind} at ${event.at}, behind ${now}`);
    now = event.at;
    const allowed = before[event.kind];
    if (allowed === undefined || !('request' in event)) continue;
    const from = last.get(event.request) ?? '';
    holds(allowed.includes(from), () => `request ${event.request}: ${event.kind} behind ${from}`);
    ways.add(`${from} ${event.kind}`);
    last.set(event.request, event.kind);
  }
  holds(last.size === requests, () => `${last.size} of ${requests} requests`);
  for (const [request, end] of last) holds(end === 'finished' || end === 'rejected' || end === 'failed', () => `request ${request} ends as ${end}`);
  return ways;
}
