import { askedFaults, type AskedScale } from '../../schema/http/admin.ts';
import { InputError } from '../../src/base/errors.ts';
import { expectedOneOf } from '../../src/base/nearest.ts';
import type { Machine } from '../../src/catalogue/machine.ts';
import type { PlannedFault } from '../../src/serving/faults/fault.ts';
import type { Generator } from '../api/generator.ts';
import { ApiError } from '../http/api-error.ts';
import type { Exchange } from '../http/exchange.ts';

const told = ({ kind, at, duration, struck }: PlannedFault): object => ({ kind, at, for: duration === Infinity ? null : duration, what: struck.text });

/** Faults that are planned or not over, with the numbers that `DELETE` takes, and what became of all that struck. */
export function faultsOf({ engine: { run, simulation } }: Generator): object {
  const pending = simulation.faults?.pending() ?? [];
  return { faults: run.faults, pending: pending.map(({ number, fault, struck }) => ({ id: number, struck, ...told(fault) })) };
}

/** Lets faults come, now or later. */
export function strike(exchange: Exchange, { engine }: Generator, machine: Machine, body: Readonly<Record<string, unknown>>): void {
  if (engine.simulation.strike === undefined) throw new ApiError(409, 'Faults do not combine with experts of the workload yet');
  try {
    const planned = askedFaults(body, machine, Math.max(engine.pace.now, engine.simulation.now)).map((fault) => {
      const { duration, ...rest } = fault;
      engine.perform({ kind: 'fault', fault: { ...rest, ...(duration === Infinity ? {} : { duration }) } });
      return { id: engine.simulation.faults?.pending().at(-1)?.number, ...told(fault) };
    });
    exchange.json({ planned }, 202);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new ApiError(400, error.issues.map(({ path, message }) => `${path}: ${message}`).join('; '));
  }
}

/** A fault is over before its time, or does not come. */
export function heal(exchange: Exchange, { engine }: Generator): void {
  const id = exchange.url.pathname.split('/').at(-1) ?? '';
  const pending = engine.simulation.faults?.pending().find(({ number }) => String(number) === id);
  if (pending === undefined) throw new ApiError(404, `There is no fault ${id.slice(0, 50)} that is planned or not over; GET /admin/faults lists them`);
  engine.perform({ kind: 'heal', fault: pending.number });
  exchange.json({ id: pending.number, struck: pending.struck, ...told(pending.fault) });
}

/** Lets instances come or go, as far as the control loops of the scenario allow it. */
export function scale(exchange: Exchange, { engine }: Generator, { pool: name, instances, more = 0 }: AskedScale): void {
  const { run, simulation } = engine;
  const { fleet, scenario } = run;
  const scaled = (scenario.control?.scaling ?? []).map(({ pool }) => pool);
  if (fleet === undefined || scaled.length === 0)
    throw new ApiError(409, 'Instances of this deployment do not come and go; expected control.autoscale in its scenario, with policy: manual');
  const names = scaled.map((p) => simulation.service.pools[p]?.plant.name ?? '');
  const at = name === undefined ? 0 : names.indexOf(name);
  const pool = simulation.service.pools[scaled[at] ?? -1];
  if (pool === undefined) throw new ApiError(400, `pool: ${expectedOneOf(name ?? '', names)}`, { param: 'pool' });
  const count = instances ?? fleet.wanted(pool.index) + more;
  const { min = 0 } = scenario.control?.scaling.find((one) => one.pool === pool.index) ?? {};
  if (count < min || count > pool.plant.instances)
    throw new ApiError(409, `The pool ${pool.plant.name} may have ${min} to ${pool.plant.instances} instances; asked for ${count}`);
  engine.perform({ kind: 'scale', pool: pool.index, instances: count });
  exchange.json({ pool: pool.plant.name, wanted: count, ...fleet.counts(pool) }, 202);
}
