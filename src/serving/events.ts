import type { Bytes, Seconds } from '../base/units.ts';
import type { FaultKind } from './faults/fault.ts';
import type { Instance } from './instance.ts';
import type { Iteration } from './iteration.ts';
import type { Labels } from './traffic/arrival.ts';

/** What travels for a request: the KV of its prompt to where it decodes, or its cached prefix to where it is prefilled. */
export type Errand = 'push' | 'read';

/** What happens to a request or an instance, as plain data. `request` is its number in order of arrival. */
export type SimulationEvent =
  | { readonly kind: 'arrived'; readonly at: Seconds; readonly request: number; readonly inputTokens: number; readonly labels?: Readonly<Labels> }
  | { readonly kind: 'rejected' | 'failed'; readonly at: Seconds; readonly request: number; readonly cause: string }
  /** A rank was chosen to prefill it; what the pooled cache holds of its prompt is read first. */
  | {
      readonly kind: 'routed';
      readonly at: Seconds;
      readonly request: number;
      readonly pool: string;
      readonly instance: number;
      readonly rank: number;
      readonly cachedTokens: number;
    }
  /** A flow began on the links: KV of a prompt to the rank where it will decode, whose place is promised with it, or a cached prefix to where it is prefilled. */
  | {
      readonly kind: 'transfer-begun';
      readonly at: Seconds;
      readonly request: number;
      readonly errand: Errand;
      readonly bytes: Bytes;
      readonly pool: string;
      readonly instance: number;
      readonly rank: number;
    }
  /** All of it has left; it is there (`moved`, `fetched`) one latency later. */
  | { readonly kind: 'transfer-ended'; readonly at: Seconds; readonly request: number; readonly errand: Errand }
  /** A fault has taken one of its ends: it will not be there. */
  | { readonly kind: 'transfer-lost'; readonly at: Seconds; readonly request: number; readonly errand: Errand }
  | { readonly kind: 'fetched'; readonly at: Seconds; readonly request: number }
  | {
      readonly kind: 'scheduled';
      readonly at: Seconds;
      readonly request: number;
      readonly pool: string;
      readonly instance: number;
      readonly cachedTokens: number;
    }
  | { readonly kind: 'prefilled'; readonly at: Seconds; readonly request: number; readonly instance: number }
  | { readonly kind: 'moved'; readonly at: Seconds; readonly request: number; readonly instance: number; readonly rank: number }
  | { readonly kind: 'first-token'; readonly at: Seconds; readonly request: number }
  | { readonly kind: 'preempted'; readonly at: Seconds; readonly request: number; readonly instance: number }
  /** A part fails, or is as it was again. */
  | { readonly kind: 'fault'; readonly at: Seconds; readonly fault: FaultKind; readonly what: string }
  | { readonly kind: 'healed'; readonly at: Seconds; readonly fault: FaultKind; readonly what: string }
  /** An instance does something else from now on: `stopped` is one that a fault, or weights on their way, keep from going on. So many of its ranks take part. */
  | {
      readonly kind: 'instance';
      readonly at: Seconds;
      readonly pool: string;
      readonly instance: number;
      readonly state: Instance['state'] | 'stopped';
      readonly ranks: number;
    }
  /** A fault has taken what it held. */
  | { readonly kind: 'interrupted'; readonly at: Seconds; readonly request: number }
  | { readonly kind: 'finished'; readonly at: Seconds; readonly request: number; readonly outputTokens: number }
  | {
      readonly kind: 'step';
      readonly at: Seconds;
      readonly duration: Seconds;
      readonly pool: string;
      readonly instance: number;
      readonly decoding: number;
      readonly prefillTokens: number;
      /** KV tokens of the decoding sequences, and the share of the instance's KV blocks that is in use. */
      readonly context: number;
      readonly kv: number;
      /** Time that each stage and the host are answerable for, and busy time of each engine, as in its `StepCost`. [s] */
      readonly stages: readonly Seconds[];
      readonly busy: readonly Seconds[];
    };

/** The event of a request that arrives; labels that are all 0 are left out. */
export function arrivedEvent(at: Seconds, request: number, inputTokens: number, { tenant, priority, model, adapter }: Readonly<Labels>): SimulationEvent {
  const plain = tenant === 0 && priority === 0 && model === 0 && adapter === 0;
  return { kind: 'arrived', at, request, inputTokens, ...(plain ? {} : { labels: { tenant, priority, model, adapter } }) };
}

/** The event of an iteration that begins. */
export function stepEvent(at: Seconds, duration: Seconds, pool: string, instance: number, iteration: Iteration, kv: number): SimulationEvent {
  const { decoding, prefillTokens, decodeContext: context, cost } = iteration;
  return { kind: 'step', at, duration, pool, instance, decoding, prefillTokens, context, kv, stages: [...(cost?.stages ?? [])], busy: [...(cost?.busy ?? [])] };
}

export type EventSink = (event: SimulationEvent) => void;
