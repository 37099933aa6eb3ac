import process from 'node:process';
import { InputError } from '../src/base/errors.ts';
import { significant } from '../src/base/quantity.ts';
import type { ServiceLevel } from '../src/serving/scenario.ts';
import type { Workload } from '../src/serving/traffic/workload.ts';

/** Share of the requests that ended, turned away ones included, that have to meet the whole service level. */
export const goodShare = 0.9;

/** @throws InputError where nothing says what a request has to meet, neither for all nor for a tenant; `flag` is what asks for it */
export function expectServiceLevel(flag: string, { slo, workload }: { readonly slo: ServiceLevel; readonly workload: Workload }): void {
  const { tenants = [] } = ('mix' in workload ? workload.mix : undefined) ?? {};
  const levels = [slo, ...tenants.flatMap((tenant) => tenant.slo ?? [])];
  if (levels.every((level) => Object.values(level).every((bound) => bound === undefined)))
    throw new InputError([{ path: flag, message: 'needs a service level: slo in the file, or --slo ttft:2s,tpot:50ms' }]);
}

/** The exit code of `--fail-on-slo`; says so on stderr where too few requests meet the service level. @param name what the verb calls it */
export function serviceLevelCode(share: number, name = 'service level'): number {
  if (share >= goodShare) return 0;
  process.stderr.write(`supernode: ${significant(share * 100)} % of the requests meet the ${name}, ${goodShare * 100} % are asked for\n`);
  return 1;
}
