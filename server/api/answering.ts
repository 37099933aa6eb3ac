import type * as z from 'zod';
import { checked, type JsonObject } from '../../schema/http/body.ts';
import { ApiError } from '../http/api-error.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Choice } from './choice.ts';
import { Delivery, problemOf, type StreamForm } from './delivery.ts';
import type { Generator, Order } from './generator.ts';

/**
 * The checked body of a request.
 * @throws ApiError 400 with every problem, 413 or 415 where it cannot be read
 */
export async function bodyOf<T>(exchange: Exchange, schema: z.ZodType<T>): Promise<T> {
  const { value, problems } = checked(schema, known(exchange, await exchange.body()));
  if (problems === undefined) return value;
  const [first] = problems;
  throw new ApiError(400, problems.map(({ param, message }) => (param === null ? message : `${param}: ${message}`)).join('; '), {
    param: first?.param ?? null,
  });
}

/** A body without the fields that mean nothing here; the log says which these were. */
function known(exchange: Exchange, body: JsonObject): JsonObject {
  const passed = exchange.unknownFields.filter((field) => field in body);
  if (passed.length === 0) return body;
  exchange.notes['ignored'] = passed.join(', ');
  return Object.fromEntries(Object.entries(body).filter(([key]) => !passed.includes(key)));
}

/** Answers an order event by event. */
export async function answerInEvents(exchange: Exchange, generator: Generator, order: Order, form: StreamForm): Promise<void> {
  const { streamFault: fault } = exchange;
  if (fault?.mode === 'error_envelope_200' || fault?.mode === 'cancelled_499') {
    const status = fault.mode === 'cancelled_499' ? 499 : 500;
    exchange.json(new ApiError(status, 'The stream failed before it began (injected)').body, status === 499 ? 499 : 200);
    return;
  }
  let delivery: Delivery | undefined;
  const choices = await generator.start(exchange, order, (choice) => delivery?.tell(choice));
  if (exchange.response.destroyed || choices.length === 0) return;
  // What is turned away at once is told as a status.
  refused(choices);
  delivery = new Delivery(exchange.stream(), form, choices, fault);
  for (const choice of choices) delivery.tell(choice);
}

/** Answers an order as a whole, when all of it is there. */
export async function answerWhole(exchange: Exchange, generator: Generator, order: Order, whole: (choices: readonly Choice[]) => object): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let left = order.asks.length * (order.body.n ?? 1);
  const choices = await generator.start(exchange, order, (choice) => {
    if (choice.ended === undefined || choice.closed) return;
    choice.closed = true;
    choice.sent = choice.out;
    if (--left <= 0) resolve();
  });
  if (exchange.response.destroyed) return;
  refused(choices);
  await promise;
  const lost = choices.find(({ ended }) => ended?.kind === 'failed');
  if (lost?.ended?.kind === 'failed') throw problemOf(lost.ended.cause, 'failed');
  exchange.json(whole(choices));
}

/** @throws ApiError where the engine has turned one away */
function refused(choices: readonly Choice[]): void {
  for (const { ended } of choices) if (ended?.kind === 'rejected') throw problemOf(ended.cause, 'rejected');
}

/** An event of a stream. */
export function event(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

export const done = 'data: [DONE]\n\n';
