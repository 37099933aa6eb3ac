import { exp, ln } from '../../kernel/elementary.ts';
import { stream } from '../../kernel/random.ts';
import type { ServiceLevel } from '../scenario.ts';
import type { Labels } from './arrival.ts';

/** Who shares the machine. */
export interface Tenant {
  readonly name: string;
  /** Of the requests, or of the sessions; all together 1. */
  readonly share: number;
  /** More goes first. */
  readonly priority: number;
  /** Index among the models that are served. */
  readonly model: number;
  /** Of its share under fair scheduling; 1 where nothing is said. */
  readonly weight?: number | undefined;
  /** Objectives of its own, over those of all. */
  readonly slo?: ServiceLevel | undefined;
}

/** Adapters (LoRA) of unequal popularity: the one of rank r is asked for in proportion to r^-exponent. */
export interface Adapters {
  readonly count: number;
  readonly exponent: number;
  /** Of the requests that ask for any. */
  readonly share: number;
}

/** How the requests of a workload spread over tenants and adapters. */
export interface Mix {
  readonly tenants: readonly Tenant[];
  readonly adapters?: Adapters | undefined;
  readonly seed: number;
}

/** Writes labels into a request, drawn by the mix from streams of their own; those that it says nothing of are left alone. */
export function labeller({ tenants, adapters, seed }: Mix): (labels: Labels) => void {
  const ofTenant = chooser(tenants.map(({ share }) => share));
  const tenantDraws = stream(seed, 'tenants');
  const ofAdapter = adapters === undefined ? undefined : chooser([1 - adapters.share, ...popularity(adapters)]);
  const adapterDraws = stream(seed, 'adapters');
  return (labels) => {
    const at = tenants.length < 2 ? 0 : ofTenant(tenantDraws.uniform());
    const tenant = tenants[at];
    if (tenant !== undefined) {
      labels.tenant = at;
      labels.priority = tenant.priority;
      labels.model = tenant.model;
    }
    if (ofAdapter !== undefined) labels.adapter = ofAdapter(adapterDraws.uniform());
  };
}

/** Shares of the adapters, of all requests. */
export function popularity({ count, exponent, share }: Adapters): readonly number[] {
  const weights = Array.from({ length: count }, (_, r) => exp(-exponent * ln(r + 1)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => (share * weight) / total);
}

/** The index that a uniform draw falls on, by shares that sum to about 1. */
function chooser(shares: readonly number[]): (u: number) => number {
  let sum = 0;
  const upTo = Float64Array.from(shares, (share) => (sum += share));
  const last = shares.length - 1;
  return (u) => {
    let low = 0;
    let high = last;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (upTo[middle] > u * sum) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
