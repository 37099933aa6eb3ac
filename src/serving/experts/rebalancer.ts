import type { Seconds } from '../../base/units.ts';
import { exp, ln } from '../../kernel/elementary.ts';
import { layerBalances, meanBalance, placed, type Places } from '../../model/placement/placed.ts';
import type { Placement } from '../../model/placement/placement.ts';
import type { Actor } from '../actor.ts';
import type { Prices } from '../prices.ts';
import type { Simulation } from '../simulation.ts';
import { arrivals, balancerNamed, type BalancerName } from './balancer.ts';
import { replaced } from './replaced.ts';
import { Popularity, type ExpertTraffic } from './popularity.ts';
import { Window } from './window.ts';

/** How the experts of a pool are balanced while it serves. */
export interface Balancing {
  readonly policy: BalancerName;
  /** From one look at what was counted to the next. [s] */
  readonly period: Seconds;
  /** What is counted. [s] */
  readonly window: Seconds;
  /** Share of a die's port that weights take while they move and steps go on; `pause`: steps wait, and weights have all of it. */
  readonly move: number | 'pause';
}

/** What the loop of one pool works on. */
export interface BalancedPool {
  /** Index among the pools. */
  readonly pool: number;
  readonly balancing: Balancing;
  readonly places: Places;
  readonly perToken: number;
  /** Tokens of a full step of one instance, and what each sequence has in it. */
  readonly stepTokens: number;
  readonly queryTokens: number;
  /** Weights of one slot, all layers together, and what a die's port takes in. [B, B/s] */
  readonly slotBytes: number;
  readonly bandwidth: number;
  /** Planes of the machine, and which of them exchanges take. */
  readonly planes: number;
  readonly exchangePlane: number;
}

/** What became of the balance of a pool. */
export interface BalanceRecord {
  readonly pool: number;
  readonly policy: BalancerName;
  /** From a moment on: mean over largest, (slowest - mean) / mean. */
  readonly levels: { readonly at: Seconds; readonly balancedness: number; readonly imbalance: number }[];
  /** Placements that took effect, slots that moved for them in all layers, and the time that took. */
  rebalanced: number;
  moved: number;
  bytes: number;
  moving: Seconds;
  /** Times at which popularity changed. */
  changes: number;
}

/** Steps are priced at loads of the slowest rank that are so far apart. */
const apart = ln(1.04);

/** A control loop that keeps the experts of a pool where they are asked for (EXP). */
export class Rebalancer implements Actor {
  readonly record: BalanceRecord;
  readonly #of: BalancedPool;
  readonly #popularity: Popularity;
  readonly #window: Window;
  #placements: readonly Placement[];
  #proposed: readonly Placement[] | undefined;
  #movedAt: Seconds = Infinity;
  #looksAt: Seconds;
  #begun = false;
  #countedTo: Seconds = 0;
  #tokens = 0;
  #steps = 0;
  #stepTokens: number;
  readonly #prices: Prices;

  constructor(of: BalancedPool, traffic: ExpertTraffic, seed: number, prices: Prices) {
    const { pool, balancing, places, stepTokens } = of;
    this.#of = of;
    this.#prices = prices;
    this.#popularity = new Popularity(traffic, seed);
    this.#window = new Window(balancing.window);
    this.#placements = traffic.layers.map((loads) => placed('contiguous', loads, places));
    this.#looksAt = balancing.policy === 'static' ? Infinity : balancing.period;
    this.#stepTokens = stepTokens;
    this.record = { pool, policy: balancing.policy, levels: [], rebalanced: 0, moved: 0, bytes: 0, moving: 0, changes: 0 };
  }

  get nextAt(): Seconds {
    return this.#begun ? Math.min(this.#popularity.nextAt, this.#looksAt, this.#movedAt) : 0;
  }

  act(simulation: Simulation): void {
    const { nextAt: now } = this;
    this.#count(simulation, now);
    if (this.#begun && this.#popularity.nextAt === now) {
      this.#popularity.change();
      this.record.changes++;
    }
    if (this.#movedAt === now) this.#arrived(simulation);
    if (this.#looksAt === now) this.#look(simulation, now);
    this.#begun = true;
    this.#reprice(now);
  }

  /** Tokens since the last act, of the popularity that held. */
  #count({ metrics }: Simulation, now: Seconds): void {
    const { pool, queryTokens } = this.#of;
    let tokens = 0;
    let steps = 0;
    for (const { pools } of metrics.intervals) {
      tokens += pools[pool].decodeSequences * queryTokens + pools[pool].prefillTokens;
      steps += pools[pool].steps;
    }
    const [came, ran] = [tokens - this.#tokens, steps - this.#steps];
    if (ran > 0) this.#stepTokens = came / ran;
    this.#window.add(this.#countedTo, now, came, this.#popularity.layers);
    this.#countedTo = now;
    this.#tokens = tokens;
    this.#steps = steps;
  }

  /** What was counted says where experts should lie: their weights set out. A move that is under way is waited for. */
  #look(simulation: Simulation, now: Seconds): void {
    const { balancing, places, slotBytes, bandwidth } = this.#of;
    this.#looksAt = now + balancing.period;
    const counted = this.#window.counted(now);
    if (counted === undefined || this.#proposed !== undefined) return;
    const balancer = balancerNamed(balancing.policy);
    const proposed = this.#placements.map((current, layer) => balancer.propose(counted[layer], places, current));
    // Every rank gets what layers that stand for all of them send it.
    const received = proposed.map((after, layer) => arrivals(this.#placements[layer], after));
    const perRank = received[0].map((_, rank) => received.reduce((sum, layer) => sum + layer[rank], 0) / received.length);
    const most = Math.max(...perRank);
    if (most === 0) return;
    const share = balancing.move === 'pause' ? 1 : balancing.move;
    const time = (most * slotBytes) / (bandwidth * share);
    this.#proposed = proposed;
    this.#movedAt = now + time;
    this.record.moved += perRank.reduce((sum, slots) => sum + slots, 0);
    this.record.bytes += perRank.reduce((sum, slots) => sum + slots, 0) * slotBytes;
    this.record.moving += time;
    if (balancing.move === 'pause') for (const instance of this.#instances(simulation)) simulation.service.pause(instance);
  }

  /** Where the experts of each layer lie now: one layer for all that are alike. */
  get placements(): readonly Placement[] {
    return this.#placements;
  }

  #arrived(simulation: Simulation): void {
    if (this.#proposed !== undefined) this.#placements = this.#proposed;
    this.#proposed = undefined;
    this.#movedAt = Infinity;
    this.record.rebalanced++;
    if (this.#of.balancing.move === 'pause') for (const instance of this.#instances(simulation)) simulation.service.resume(instance);
  }

  #instances({ service }: Simulation): readonly Simulation['pools'][number]['instances'][number][] {
    const { plant, instances } = service.pools[this.#of.pool];
    return instances.slice(0, plant.instances);
  }

  #reprice(now: Seconds): void {
    const { balancing, perToken, pool, planes, exchangePlane } = this.#of;
    const rows = Math.max(1, this.#stepTokens) * perToken;
    const whole = meanBalance(layerBalances(this.#popularity.layers, this.#placements, rows));
    this.record.levels.push({ at: now, ...whole });
    const moving = this.#proposed === undefined || balancing.move === 'pause' ? 0 : balancing.move;
    const known = new Map([['', levelled(whole.imbalance)]]);
    this.#prices.experts(pool, {
      left: moving === 0 ? [] : Array.from({ length: planes }, (_, plane) => (plane === exchangePlane ? 1 - moving : 1)),
      imbalance: (lost) => {
        const gone = lost?.routed ?? [];
        const key = gone.join(' ');
        let imbalance = known.get(key);
        if (imbalance === undefined) {
          const left = this.#placements.map((placement) => replaced(placement, gone));
          imbalance = levelled(meanBalance(layerBalances(this.#popularity.layers, left, rows)).imbalance);
          known.set(key, imbalance);
        }
        return imbalance;
      },
    });
  }
}

/** The nearest step of 4 % in what the slowest rank carries (EXP-4). */
function levelled(imbalance: number): number {
  return exp(Math.round(ln(1 + imbalance) / apart) * apart) - 1;
}
