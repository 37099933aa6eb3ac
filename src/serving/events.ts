import type { Seconds } from '../base/units.ts';

/** What happens to a request or an instance, as plain data. `request` is its number in order of arrival. */
export type SimulationEvent =
  | { readonly kind: 'arrived'; readonly at: Seconds; readonly request: number; readonly inputTokens: number }
  | { readonly kind: 'rejected' | 'failed'; readonly at: Seconds; readonly request: number; readonly cause: string }
  | {
      readonly kind: 'scheduled';
      readonly at: Seconds;
      readonly request: number;
      readonly pool: string;
      readonly instance: number;
      readonly cachedTokens: number;
    }
  | { readonly kind: 'prefilled'; readonly at: Seconds; readonly request: number }
  | { readonly kind: 'moved'; readonly at: Seconds; readonly request: number; readonly instance: number; readonly rank: number }
  | { readonly kind: 'first-token'; readonly at: Seconds; readonly request: number }
  | { readonly kind: 'preempted' | 'interrupted'; readonly at: Seconds; readonly request: number }
  | { readonly kind: 'finished'; readonly at: Seconds; readonly request: number; readonly outputTokens: number }
  | {
      readonly kind: 'step';
      readonly at: Seconds;
      readonly duration: Seconds;
      readonly pool: string;
      readonly instance: number;
      readonly decoding: number;
      readonly prefillTokens: number;
    };

export type EventSink = (event: SimulationEvent) => void;
