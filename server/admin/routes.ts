import * as z from 'zod';
import { askedFaults } from '../../schema/http/admin.ts';
import { checked } from '../../schema/http/body.ts';
import { InputError } from '../../src/base/errors.ts';
import type { Machine } from '../../src/catalogue/machine.ts';
import type { Generator } from '../api/generator.ts';
import { injectedChange, type Injector } from '../faults/injected.ts';
import { ApiError } from '../http/api-error.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Route } from '../http/routes.ts';
import type { LiveEvents } from './live-events.ts';
import { stateOf } from './state.ts';

const limitsChange: z.ZodType<{
  readonly maxInFlight?: number | undefined;
  readonly toolShare?: number | undefined;
  readonly cacheShare?: number | undefined;
}> = z.looseObject({
  maxInFlight: z.int().min(1).optional(),
  toolShare: z.number().min(0).max(1).optional(),
  cacheShare: z.number().min(0).max(1).optional(),
});

const keys = ['failureShare', 'failures', 'streamShare', 'streamFaults', 'maxInFlight', 'toolShare', 'cacheShare'] as const;

/** Routes of those who run the emulator: what fails, what is changed while it runs, how it stands. */
export function adminRoutes(generator: Generator, injector: Injector, machine: Machine, events: LiveEvents): readonly Route[] {
  const config = (): object => ({ ...injector.faults, ...generator.limits });
  return [
    { method: 'GET', path: '/admin/state', handler: (exchange) => exchange.json(stateOf(generator)) },
    {
      method: 'GET',
      path: '/admin/events',
      handler: (exchange) => {
        if (events.full) throw new ApiError(429, 'As many look on as may');
        events.attend(exchange);
      },
    },
    { method: 'GET', path: '/admin/config', handler: (exchange) => exchange.json(config()) },
    {
      method: 'POST',
      path: '/admin/config',
      handler: async (exchange) => {
        const body = await exchange.body(true);
        const unknown = Object.keys(body).filter((key) => !keys.some((known) => known === key));
        const faults = checked(injectedChange, body);
        const limits = checked(limitsChange, body);
        const problems = [
          ...unknown.map((key) => `${key}: unknown key; expected one of ${keys.join(', ')}`),
          ...[...(faults.problems ?? []), ...(limits.problems ?? [])].map(({ param, message }) => `${param ?? ''}: ${message}`),
        ];
        // All of it or nothing.
        if (faults.value === undefined || limits.value === undefined || problems.length > 0) throw new ApiError(400, problems.join('; '));
        const { failureShare, failures, streamShare, streamFaults } = { ...injector.faults, ...faults.value };
        injector.faults = { failureShare, failures, streamShare, streamFaults };
        generator.limits = {
          maxInFlight: limits.value.maxInFlight ?? generator.limits.maxInFlight,
          toolShare: limits.value.toolShare ?? generator.limits.toolShare,
          cacheShare: limits.value.cacheShare ?? generator.limits.cacheShare,
        };
        exchange.json(config());
      },
    },
    { method: 'POST', path: '/admin/faults', handler: (exchange) => strike(exchange, generator, machine) },
    { method: 'GET', path: '/admin/faults', handler: (exchange) => exchange.json({ faults: generator.engine.run.faults }) },
  ];
}

async function strike(exchange: Exchange, { engine }: Generator, machine: Machine): Promise<void> {
  if (engine.simulation.strike === undefined) throw new ApiError(409, 'Faults do not combine with experts of the workload yet');
  const body = await exchange.body(true);
  try {
    const planned = askedFaults(body, machine, Math.max(engine.pace.now, engine.simulation.now));
    for (const { duration, ...fault } of planned) engine.perform({ kind: 'fault', fault: { ...fault, ...(duration === Infinity ? {} : { duration }) } });
    exchange.json(
      { planned: planned.map(({ kind, at, duration, struck }) => ({ kind, at, for: duration === Infinity ? null : duration, what: struck.text })) },
      202,
    );
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new ApiError(400, error.issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; '), {
      param: error.issues[0]?.path ?? null,
    });
  }
}
