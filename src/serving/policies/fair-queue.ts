import { ClassQueue } from './class-queue.ts';
import type { WaitingQueue } from './waiting-queue.ts';

/** What an output token counts beside a prompt token (Sheng et al., OSDI 2024, arXiv 2401.00588: 2 to 1). */
const outputWeight = 2;

/**
 * What each tenant has been served, over all ranks of a deployment, in tokens by weight: virtual token counters. One that was idle starts at
 * the least of those that wait, so that being idle saves nothing up.
 */
export class Shares {
  readonly #weights: readonly number[];
  readonly served: number[] = [];
  readonly #waiting: number[] = [];

  /** @param weights of tenants, by number; 1 where there is none */
  constructor(weights: readonly number[]) {
    this.#weights = weights;
  }

  waits(tenant: number): void {
    this.#know(tenant);
    if (this.#waiting[tenant] === 0) {
      let least = Infinity;
      for (let t = 0; t < this.served.length; t++) if (this.#waiting[t] > 0) least = Math.min(least, this.served[t]);
      if (least < Infinity) this.served[tenant] = Math.max(this.served[tenant], least);
    }
    this.#waiting[tenant]++;
  }

  leaves(tenant: number): void {
    this.#waiting[tenant]--;
  }

  prompt(tenant: number, tokens: number): void {
    this.#know(tenant);
    this.served[tenant] += tokens / (this.#weights[tenant] ?? 1);
  }

  /** An answer has ended after so many tokens. */
  answered(tenant: number, tokens: number): void {
    this.prompt(tenant, tokens * outputWeight);
  }

  #know(tenant: number): void {
    while (this.served.length <= tenant) {
      this.served.push(0);
      this.#waiting.push(0);
    }
  }
}

/** By priority, then the tenant that has been served least, then order of arrival (SCH-13). */
export class FairQueue implements WaitingQueue {
  readonly #view: { priority(slot: number): number; tenant(slot: number): number; promptTokens(slot: number): number };
  readonly #shares: Shares;
  readonly #tenants: ClassQueue[] = [];
  size = 0;

  constructor(view: { priority(slot: number): number; tenant(slot: number): number; promptTokens(slot: number): number }, shares: Shares) {
    this.#view = view;
    this.#shares = shares;
  }

  get first(): number {
    return this.#tenants[this.#next()].first;
  }

  push(slot: number): void {
    this.#enter(slot).push(slot);
  }

  pushFront(slot: number): void {
    this.#enter(slot).pushFront(slot);
  }

  shift(): number {
    const tenant = this.#next();
    const slot = this.#tenants[tenant].shift();
    this.size--;
    this.#shares.leaves(tenant);
    this.#shares.prompt(tenant, this.#view.promptTokens(slot));
    return slot;
  }

  remove(slot: number): void {
    const tenant = this.#view.tenant(slot);
    this.#tenants[tenant].remove(slot);
    this.size--;
    this.#shares.leaves(tenant);
  }

  prepare(): void {}

  clear(): void {
    this.#tenants.forEach((queue, tenant) => {
      for (let left = queue.size; left > 0; left--) this.#shares.leaves(tenant);
      queue.clear();
    });
    this.size = 0;
  }

  #enter(slot: number): ClassQueue {
    const tenant = this.#view.tenant(slot);
    while (this.#tenants.length <= tenant) this.#tenants.push(new ClassQueue((one) => this.#view.priority(one)));
    this.size++;
    this.#shares.waits(tenant);
    return this.#tenants[tenant];
  }

  #next(): number {
    let best = -1;
    for (let t = 0; t < this.#tenants.length; t++) {
      if (this.#tenants[t].size === 0) continue;
      if (best < 0) best = t;
      else {
        const by = this.#priorityOf(t) - this.#priorityOf(best);
        if (by > 0 || (by === 0 && this.#shares.served[t] < this.#shares.served[best])) best = t;
      }
    }
    return best;
  }

  #priorityOf(tenant: number): number {
    return this.#view.priority(this.#tenants[tenant].first);
  }
}
