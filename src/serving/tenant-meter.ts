import type { Seconds } from '../base/units.ts';
import { Sketch } from '../kernel/sketch.ts';

/** Tenants that have figures of their own; those behind them share one set, so that memory does not grow with their number. */
export const tenantsApart = 32;

/** What the requests of one tenant came to in an interval: they count where they arrive or end. */
export class TenantMeter {
  arrived = 0;
  finished = 0;
  rejected = 0;
  failed = 0;
  good = 0;
  inputTokens = 0;
  outputTokens = 0;
  readonly ttft: Sketch = new Sketch();
  readonly tpot: Sketch = new Sketch();

  /** @param tpot absent for an answer of one token [s] */
  finish(input: number, output: number, ttft: Seconds, tpot: Seconds | undefined, good: boolean): void {
    this.finished++;
    this.inputTokens += input;
    this.outputTokens += output;
    this.ttft.add(ttft);
    if (tpot !== undefined) this.tpot.add(tpot);
    if (good) this.good++;
  }

  merge(other: TenantMeter): void {
    this.arrived += other.arrived;
    this.finished += other.finished;
    this.rejected += other.rejected;
    this.failed += other.failed;
    this.good += other.good;
    this.inputTokens += other.inputTokens;
    this.outputTokens += other.outputTokens;
    this.ttft.merge(other.ttft);
    this.tpot.merge(other.tpot);
  }
}

/** Meters of tenants by number, made when a tenant first has something to count. Nothing is counted where no tenants are named. */
export class TenantMeters {
  readonly meters: (TenantMeter | undefined)[] = [];
  readonly #count: number;

  /** @param count of tenants that are named */
  constructor(count: number) {
    this.#count = count;
  }

  of(tenant: number): TenantMeter | undefined {
    return tenant < this.#count ? this.#at(Math.min(tenant, tenantsApart)) : undefined;
  }

  merge(other: TenantMeters): void {
    other.meters.forEach((meter, t) => {
      if (meter !== undefined) this.#at(t).merge(meter);
    });
  }

  #at(index: number): TenantMeter {
    return (this.meters[index] ??= new TenantMeter());
  }
}
