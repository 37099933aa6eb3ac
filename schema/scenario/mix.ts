import type { Adapters, Mix, Tenant } from '../../src/serving/traffic/labels.ts';
import type { TenantFile, WorkloadFile } from './file.ts';
import type { Problems } from './problems.ts';

const at = (key: string): string => `workload.${key}`;

/** How far shares may be from 1 together: what rounding to three digits does. */
const SLACK = 0.005;

/** Rate of all tenants together, where each has its own. [1/s] */
export function tenantsRate(tenants: readonly TenantFile[] | undefined): number | undefined {
  if (tenants === undefined || tenants.length === 0 || tenants.some(({ rate }) => rate === undefined)) return undefined;
  return tenants.reduce((sum, { rate }) => sum + (rate ?? 0), 0);
}

/** Tenants and adapters of a workload; undefined where it has neither. */
export function mixOf(file: WorkloadFile, seed: number, problems: Problems): Mix | undefined {
  if (file.tenants === undefined && file.adapters === undefined) return undefined;
  return { tenants: tenantsOf(file.tenants ?? [], problems), adapters: adaptersOf(file), seed };
}

function tenantsOf(list: readonly TenantFile[], problems: Problems): readonly Tenant[] {
  const rates = list.filter(({ rate }) => rate !== undefined).length;
  if (rates > 0 && rates < list.length) problems.add(at('tenants'), `${rates} of ${list.length} have a rate; expected a rate of each, or a share of each`);
  const total = tenantsRate(list);
  list.forEach(({ name, share, rate }, i) => {
    if (name === undefined) problems.add(at(`tenants[${i}].name`), 'expected a name');
    else if (list.findIndex((other) => other.name === name) < i) problems.add(at(`tenants[${i}].name`), `"${name}" is there twice`);
    if (share !== undefined && rate !== undefined) problems.add(at(`tenants[${i}]`), 'has both a share and a rate; expected one of them');
    if (share === undefined && rate === undefined && list.length > 1)
      problems.add(at(`tenants[${i}].share`), 'expected a share of the requests such as 0.25, or a rate');
  });
  const shares = list.map(({ share, rate }) => (total === undefined ? (share ?? (list.length === 1 ? 1 : 0)) : (rate ?? 0) / total));
  const sum = shares.reduce((all, share) => all + share, 0);
  if (list.length > 0 && Math.abs(sum - 1) > SLACK) problems.add(at('tenants'), `the shares are ${Number(sum.toFixed(6))} together; expected 1`);
  return list.map(({ name = '', priority = 0, model = 0, weight = 1, slo = {} }, i) => ({ name, share: (shares[i] ?? 0) / sum, priority, model, weight, slo }));
}

function adaptersOf({ adapters }: WorkloadFile): Adapters | undefined {
  if (adapters === undefined) return undefined;
  const { count = 1, popularity = 0, share = 1 } = adapters;
  return { count, exponent: popularity, share };
}
