import * as z from 'zod';
import { addDrill, scaleBody } from '../../schema/http/admin.ts';
import { checked } from '../../schema/http/body.ts';
import type { Machine } from '../../src/catalogue/machine.ts';
import type { Generator } from '../api/generator.ts';
import { injectedChange, type Injector } from '../faults/injected.ts';
import { ApiError } from '../http/api-error.ts';
import type { Route } from '../http/routes.ts';
import { faultsOf, heal, scale, strike } from './faults.ts';
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
    {
      method: 'POST',
      path: '/admin/faults',
      handler: async (exchange) => {
        const body = await exchange.body(true);
        if (body['drill'] === 'add') scale(exchange, generator, checkedBody(addDrill, body));
        else strike(exchange, generator, machine, body);
      },
    },
    { method: 'GET', path: '/admin/faults', handler: (exchange) => exchange.json(faultsOf(generator)) },
    { method: 'DELETE', path: '/admin/faults/*', handler: (exchange) => heal(exchange, generator) },
    { method: 'POST', path: '/admin/scale', handler: async (exchange) => scale(exchange, generator, checkedBody(scaleBody, await exchange.body(true))) },
  ];
}

/** @throws ApiError 400 with everything that is wrong */
function checkedBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const { value, problems } = checked(schema, body);
  if (problems === undefined) return value;
  throw new ApiError(400, problems.map(({ param, message }) => `${param ?? 'the body'}: ${message}`).join('; '));
}
