import type { Seconds } from '../../base/units.ts';
import type { Actor } from '../actor.ts';
import type { ServiceLevel } from '../scenario.ts';
import type { Simulation } from '../simulation.ts';
import type { Control, Ratio, Scaling } from './control.ts';
import type { Fleet } from './fleet.ts';
import type { PoolView } from './pool-view.ts';
import { ratioPolicy, type RatioPolicy } from './ratio-policy.ts';
import { scalingPolicy, type ScalingPolicy } from './scaling-policy.ts';
import { Watch } from './watch.ts';

interface Scaler {
  readonly scaling: Scaling;
  readonly policy: ScalingPolicy;
  /** What was asked for of late. */
  readonly asked: { readonly at: Seconds; readonly count: number }[];
}

/** Looks at pools once a period and says how many instances each should have (CTL-1 to CTL-3, CTL-6). */
export class ControlLoop implements Actor {
  nextAt: Seconds;
  readonly #control: Control;
  readonly #fleet: Fleet;
  readonly #watch: Watch;
  readonly #scalers: readonly Scaler[];
  readonly #ratio: RatioPolicy | undefined;
  /** Dies of one instance, by pool. */
  readonly #dies: readonly number[];
  /** Dies of both pools at the beginning: shifts move no others. */
  readonly #budget: number;
  /** When the last shift was complete; undefined while one is under way. */
  #shiftedAt: Seconds | undefined = -Infinity;

  constructor(simulation: Simulation, control: Control, slo: ServiceLevel, fleet: Fleet, dies: readonly number[]) {
    this.#control = control;
    this.#fleet = fleet;
    this.#dies = dies;
    this.#watch = new Watch(fleet, simulation.world.plant.models?.length ?? 1);
    this.#scalers = control.scaling.flatMap((scaling) => {
      const { name, target } = scaling.rule;
      return name === 'manual' ? [] : [{ scaling, policy: scalingPolicy({ name, target }, slo), asked: [] }];
    });
    this.#ratio = control.ratio === undefined ? undefined : ratioPolicy(control.ratio.rule, slo);
    this.#budget = dies.reduce((sum, each, p) => sum + each * fleet.wanted(p), 0);
    this.nextAt = control.period;
    simulation.world.listener = this.#watch;
  }

  act(simulation: Simulation): void {
    this.nextAt += this.#control.period;
    const views = this.#watch.look(simulation);
    for (const scaler of this.#scalers) this.#scale(simulation, scaler, views);
    if (views.some((view, pool) => view.stranded > 0 && this.#fleet.lacks(simulation, pool))) this.#yield(simulation);
    const { ratio } = this.#control;
    if (this.#ratio !== undefined && ratio !== undefined) this.#shift(simulation, this.#ratio, ratio, views);
  }

  #scale(simulation: Simulation, { scaling, policy, asked }: Scaler, views: readonly PoolView[]): void {
    const { now } = simulation;
    const { pool } = scaling;
    const view = views[pool];
    if (view === undefined) return;
    // A pool that was made as small as none wakes up when somebody asks for it.
    const least = Math.max(scaling.min, view.stranded > 0 ? 1 : 0);
    const count = Math.max(least, Math.min(scaling.max, policy.desired(view)));
    asked.push({ at: now, count });
    while (asked[0].at <= now - scaling.hold) asked.shift();
    const most = asked.reduce((high, one) => Math.max(high, one.count), 0);
    const before = this.#fleet.wanted(pool);
    // What has been asked for and is not there yet is not given up before the hold is over.
    const next = count >= before ? count : Math.min(before, most);
    if (next !== before || view.serving + view.starting !== next) this.#fleet.want(simulation, pool, next);
  }

  /** Gives up what is only held: prompts of another pool wait for any instance, and there are no dies for one. */
  #yield(simulation: Simulation): void {
    for (const { scaling, asked } of this.#scalers) {
      const { count } = asked[asked.length - 1];
      if (count >= this.#fleet.wanted(scaling.pool)) continue;
      asked.splice(0, asked.length - 1);
      this.#fleet.want(simulation, scaling.pool, count);
    }
  }

  #shift(simulation: Simulation, policy: RatioPolicy, { min, max, hold }: Ratio, [prefill, decode]: readonly PoolView[]): void {
    const { now } = simulation;
    const moving = [prefill, decode].some(({ serving, starting, draining }, p) => starting + draining > 0 || serving !== this.#fleet.wanted(p));
    if (moving) {
      this.#shiftedAt = undefined;
      return;
    }
    this.#shiftedAt ??= now;
    if (now < this.#shiftedAt + hold) return;
    const taken = { prefill: this.#taken(1, 0), decode: this.#taken(0, 1) };
    const without = ({ load, serving }: PoolView, count: number): number => (serving > count ? (load * serving) / (serving - count) : Infinity);
    const to = policy.toward(prefill, decode, { prefill: without(prefill, taken.prefill), decode: without(decode, taken.decode) });
    if (to === undefined) return;
    const from = to === 'prefill' ? 'decode' : 'prefill';
    const [getter, giver] = to === 'prefill' ? [0, 1] : [1, 0];
    if (this.#fleet.wanted(giver) - taken[from] < min[from] || this.#fleet.wanted(getter) >= max[to]) return;
    this.#fleet.want(simulation, giver, this.#fleet.wanted(giver) - taken[from]);
    const got = Math.max(1, Math.floor(this.#spare / this.#dies[getter]));
    this.#fleet.want(simulation, getter, Math.min(max[to], this.#fleet.wanted(getter) + got));
  }

  /** Dies of the budget that neither pool is to have. */
  get #spare(): number {
    return this.#dies.reduce((left, each, p) => left - each * this.#fleet.wanted(p), this.#budget);
  }

  /** Instances that `giver` loses so that `getter` has the dies of one more. */
  #taken(getter: number, giver: number): number {
    return Math.max(0, Math.ceil((this.#dies[getter] - this.#spare) / this.#dies[giver]));
  }
}
