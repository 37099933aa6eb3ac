import * as z from 'zod';
import { counterUniform } from '../../src/kernel/random.ts';
import { ApiError } from '../http/api-error.ts';
import type { Exchange } from '../http/exchange.ts';
import { readStreamFault, streamModes, type StreamFault, type StreamMode } from './stream-fault.ts';

export const failureNames = ['rate_limit', 'invalid_api_key', 'context_length', 'server_error', 'invalid_request', 'model_not_found'] as const;
export type FailureName = (typeof failureNames)[number];

/** Failures of requests by name, in the words of llm-d's simulator. */
const failures: Readonly<Record<FailureName, () => ApiError>> = {
  rate_limit: () => new ApiError(429, 'Rate limit reached (injected)', { headers: { 'retry-after': '1' } }),
  invalid_api_key: () => new ApiError(401, 'Incorrect API key provided (injected)'),
  context_length: () => new ApiError(400, "This model's maximum context length is exceeded (injected)", { param: 'messages' }),
  server_error: () => new ApiError(503, 'The server is overloaded or not ready yet (injected)'),
  invalid_request: () => new ApiError(400, 'Invalid request (injected)', { param: 'model' }),
  model_not_found: () => new ApiError(404, 'The model does not exist (injected)', { param: 'model' }),
};

/** What is injected beside what clients ask for by header. Shares of requests from 0 to 1. */
export interface InjectedFaults {
  readonly failureShare: number;
  readonly failures: readonly FailureName[];
  readonly streamShare: number;
  readonly streamFaults: readonly StreamMode[];
}

export const nothingInjected: InjectedFaults = { failureShare: 0, failures: failureNames, streamShare: 0, streamFaults: streamModes };

/** A partial change of them, as `/admin/config` takes it. */
export const injectedChange: z.ZodType<Partial<InjectedFaults>> = z.looseObject({
  failureShare: z.number().min(0).max(1).optional(),
  failures: z.array(z.enum(failureNames)).min(1).optional(),
  streamShare: z.number().min(0).max(1).optional(),
  streamFaults: z.array(z.enum(streamModes)).min(1).optional(),
}) as z.ZodType<Partial<InjectedFaults>>;

/** Lets requests and streams fail: the same ones in each run of a seed. */
export class Injector {
  faults: InjectedFaults;
  readonly #seed: number;
  #requests = 0;

  constructor(faults: InjectedFaults, seed: number) {
    this.faults = faults;
    this.#seed = seed;
  }

  /** @throws ApiError where this request is to fail, or its header cannot be read */
  check(exchange: Exchange): void {
    const { faults } = this;
    const asked = exchange.header('x-return-error');
    if (asked !== undefined) {
      const status = Number(asked);
      if (!Number.isInteger(status) || status < 400 || status > 599)
        throw new ApiError(400, `X-Return-Error: expected a status from 400 to 599, got "${asked}"`);
      throw new ApiError(status, `Status ${status} as X-Return-Error asks for`);
    }
    const number = this.#requests++;
    if (faults.failureShare > 0 && this.#draw(number, 0) < faults.failureShare)
      throw failures[faults.failures[Math.floor(this.#draw(number, 1) * faults.failures.length)] ?? 'server_error']();
    exchange.streamFault = this.#streamFault(exchange, number);
  }

  #streamFault(exchange: Exchange, number: number): StreamFault | undefined {
    const header = exchange.header('x-supernode-fault');
    if (header !== undefined) return readStreamFault(header);
    const { streamShare, streamFaults } = this.faults;
    if (streamShare === 0 || this.#draw(number, 2) >= streamShare) return undefined;
    return { mode: streamFaults[Math.floor(this.#draw(number, 3) * streamFaults.length)] ?? 'reset', afterChunks: 1 + Math.floor(this.#draw(number, 4) * 20) };
  }

  #draw(number: number, what: number): number {
    return counterUniform(this.#seed, 0x6661756c, number, what);
  }
}
