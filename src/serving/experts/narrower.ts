import { InputError } from '../../base/errors.ts';
import { settingIssues, type StepSetting } from '../../cost/check.ts';
import { memoryBudget, type MemoryRequest } from '../../cost/memory.ts';
import { layoutWithout, type LostDies } from '../../model/layout-without.ts';
import { routedDies } from '../../model/layout.ts';
import { contiguous, type Placement } from '../../model/placement/placement.ts';
import { expertsPerDie, weightBytesPerDie } from '../../model/weights.ts';
import type { NamedFault } from '../../network/topology/end.ts';
import type { Dies } from '../dies.ts';
import type { ExpertsFrom } from '../faults/fault.ts';
import type { Narrowed, Narrowing } from '../faults/narrowing.ts';
import type { Instance } from '../instance.ts';
import type { Services } from '../services.ts';
import { expertsOf } from './balanced.ts';
import { lostPlaces, obstacle, placesOfRouted } from './lost-dies.ts';
import { replaced } from './replaced.ts';
import { WeightMoves, type WeightMove, type WeightSource } from './weight-moves.ts';

/** A pool whose instances may go on with fewer dies. */
export interface NarrowedPool {
  readonly setting: StepSetting;
  readonly memoryRequest: MemoryRequest;
  readonly plant: { readonly kvBlocks: number };
}

/** What instances with fewer dies are worked out from. */
export interface NarrowerOf {
  /** In the order of the service's pools. */
  readonly pools: readonly NarrowedPool[];
  readonly service: Services;
  readonly dies: Dies;
  readonly from: ExpertsFrom;
  readonly source: WeightSource;
  /** Faults of links as they are. */
  readonly faults: () => readonly Omit<NamedFault, 'text'>[];
  /** Where the experts of a pool lie by layer, where that is known. */
  readonly placements: (pool: number) => readonly Placement[] | undefined;
}

/** A slot that gets an expert which its rank had not: a share of the weights that a slot has over all layers. */
interface Arrival {
  readonly expert: number;
  /** Rank of routed experts, by its number in the whole layout. */
  readonly rank: number;
  readonly share: number;
}

/** Places the experts of lost dies anew on those that are left, where their layout and their memory allow it (FLT-10, FLT-11). */
export class Narrower implements Narrowing {
  readonly #of: NarrowerOf;
  readonly #moves: WeightMoves;

  constructor(of: NarrowerOf) {
    this.#of = of;
    this.#moves = new WeightMoves(of.pools[0].setting.machine, of.source);
  }

  without(instance: Instance, places: ReadonlySet<number>, before: Narrowed | undefined): Narrowed | string {
    const { index } = this.#of.service.poolOf(instance);
    const { setting } = this.#of.pools[index];
    const { layout, model, precision } = setting;
    const moe = expertsOf(model);
    if (moe === undefined) return 'its model has no experts';
    const gone = lostPlaces(layout, places);
    const against = obstacle(layout, gone);
    if (against !== undefined) return against;
    const all = this.#placements(index, moe.routed);
    const after = all.map((placement) => replaced(placement, gone.routed));
    const slots = after[0].reduce((sum, { length }) => sum + length, 0);
    const lost: LostDies = { ranks: gone.ranks.size, routed: gone.routed, shared: gone.shared, redundant: slots - moe.routed };
    const full = this.#misfit(index, lost);
    if (full !== undefined) return full;
    const now = all.map((placement) => (before === undefined ? placement : widened(placement, before.lost.routed)));
    const arrivals = after.flatMap((placement, layer) => arrivalsOf(now[layer], placement, gone.routed, 1 / after.length));
    const perSlot =
      (weightBytesPerDie(model, precision, layout, 'experts').find(({ name }) => name === 'experts')?.bytes ?? 0) / expertsPerDie(moe.routed, layout);
    const moving = this.#moves.time(this.#movesOf(instance, arrivals, perSlot), this.#of.faults());
    if (moving === Infinity) return 'no link leads from the weights to a die that needs them';
    const moved = arrivals.reduce((sum, { share }) => sum + share, 0);
    const layers = model.groups.reduce((sum, { feedForward, count }) => sum + (feedForward.kind === 'experts' ? count : 0), 0);
    return { ranks: gone.ranks, places: gone.places, lost, experts: Math.round(moved * layers), bytes: moved * perSlot, moving };
  }

  /** Where no balancer knows, experts lie in their order. */
  #placements(pool: number, routed: number): readonly Placement[] {
    const { layout } = this.#of.pools[pool].setting;
    return this.#of.placements(pool) ?? [contiguous(routed, routed + layout.experts.redundant, routedDies(layout))];
  }

  /** What keeps fewer dies from running the model: they hold the KV that they have beside more experts, of all the memory that there is. */
  #misfit(pool: number, lost: LostDies): string | undefined {
    const { setting, memoryRequest, plant } = this.#of.pools[pool];
    const layout = layoutWithout(setting.layout, lost);
    const [issue] = settingIssues({ ...setting, layout });
    if (issue !== undefined) return issue.message;
    try {
      const { kvBlocks } = memoryBudget({ ...memoryRequest, layout, utilisation: 1 });
      return kvBlocks < plant.kvBlocks ? 'the dies that are left have no room for the experts of the others beside their KV' : undefined;
    } catch (error) {
      if (error instanceof InputError) return 'the dies that are left have no room for the experts of the others';
      throw error;
    }
  }

  #movesOf(instance: Instance, arrivals: readonly Arrival[], perSlot: number): readonly WeightMove[] {
    const { dies, service, pools, from } = this.#of;
    const { layout } = pools[service.poolOf(instance).index].setting;
    const own = dies.of(instance);
    const peer = from === 'peers' ? this.#peer(instance) : undefined;
    const merged = new Map<string, WeightMove>();
    for (const { expert, rank, share } of arrivals) {
      const targets = placesOfRouted(layout, rank).map((place) => own[place]);
      for (const to of targets) {
        const source = peer?.(expert);
        const key = `${source} ${to}`;
        const bytes = (share * perSlot) / targets.length + (merged.get(key)?.bytes ?? 0);
        merged.set(key, { to, from: source, bytes });
      }
    }
    return [...merged.values()];
  }

  /** The die of another instance that serves the same weights, by expert: the first that has it in their order. Undefined where there is no such instance. */
  #peer(instance: Instance): ((expert: number) => number) | undefined {
    const { service, pools, dies } = this.#of;
    const { model, precision } = pools[service.poolOf(instance).index].setting;
    for (const other of dies.instances) {
      const { index } = service.poolOf(other);
      const { setting } = pools[index];
      const { layout } = setting;
      const serves = other !== instance && other.state === 'active' && !other.stuck && other.serving.length === other.ranks.length;
      if (!serves || setting.model !== model || setting.precision.experts !== precision.experts || setting.precision.weights !== precision.weights) continue;
      const routed = expertsOf(model)?.routed ?? 0;
      const placement = contiguous(routed, routed + layout.experts.redundant, routedDies(layout));
      const rankOf = new Map(placement.flatMap((experts, rank) => experts.map((expert) => [expert, rank] as const)).toReversed());
      return (expert) => dies.of(other)[placesOfRouted(layout, rankOf.get(expert) ?? 0)[0]];
    }
    return undefined;
  }
}

/** An earlier placement with the ranks that were lost then as empty ones, so that ranks keep their numbers. */
function widened(placement: Placement, lost: readonly number[]): Placement {
  const left = replaced(placement, lost);
  let next = 0;
  return placement.map((_, rank) => (lost.includes(rank) ? [] : left[next++]));
}

/** What each rank that is left gets and had not. */
function arrivalsOf(before: Placement, after: Placement, lost: readonly number[], share: number): readonly Arrival[] {
  const left = before.flatMap((_, rank) => (lost.includes(rank) ? [] : [rank]));
  return after.flatMap((experts, at) => {
    const rank = left[at];
    const had = [...before[rank]];
    return experts.flatMap((expert) => {
      const there = had.indexOf(expert);
      if (there >= 0) had.splice(there, 1);
      return there >= 0 ? [] : [{ expert, rank, share }];
    });
  });
}
