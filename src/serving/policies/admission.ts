import type { Seconds } from '../../base/units.ts';

/** Limits beyond which a request is turned away on arrival rather than made to wait. */
export interface Admission {
  /** Requests that wait or run. */
  readonly inFlight?: number | undefined;
  /** Prompt tokens ahead on the rank that has the fewest. [tokens] */
  readonly queuedTokens?: number | undefined;
  /** Time to first token that is foreseen from what is ahead and how fast prompts have been computed of late. */
  readonly ttft?: Seconds | undefined;
}

/** What admission sees when a request arrives. */
export interface AdmissionView {
  /** Without the one that arrives. */
  readonly inFlight: number;
  /** On the rank with the fewest, and the prompt tokens of the request; Infinity where nothing takes prompts. */
  readonly queuedTokens: number;
  readonly promptTokens: number;
  /** Of one prompt token on one rank, lately; 0 before any was computed. */
  readonly secondsPerToken: Seconds;
}

/** Why a request is turned away, or undefined (ADM-1). */
export function refusal(rule: Admission, { inFlight, queuedTokens, promptTokens, secondsPerToken }: AdmissionView): string | undefined {
  if (rule.inFlight !== undefined && inFlight >= rule.inFlight) return `shed: ${rule.inFlight} requests in flight`;
  if (rule.queuedTokens !== undefined && queuedTokens > rule.queuedTokens) return `shed: more than ${rule.queuedTokens} prompt tokens ahead`;
  if (rule.ttft !== undefined && (queuedTokens + promptTokens) * secondsPerToken > rule.ttft) return `shed: its first token would come too late`;
  return undefined;
}
