import type { Seconds } from '../../base/units.ts';
import type { InstanceRole } from '../plant.ts';

/** What a control loop sees of a pool: what its operator could measure, never the length of an answer that has not ended. */
export interface PoolView {
  readonly role: InstanceRole;
  /** Instances that take requests. */
  readonly serving: number;
  readonly starting: number;
  readonly draining: number;
  /** Prompts that wait because no instance takes any. */
  readonly stranded: number;
  /** Prompt tokens that are queued or under way and not yet computed, and the time that they take the pool at its pace. */
  readonly queuedTokens: number;
  readonly ahead: Seconds;
  /**
   * Share of what the instances that serve could take in the last window: of the prompt tokens that full batches hold, for those that only prefill; of
   * sequence slots or of KV blocks, whichever is more, for the others. From 0 to 1.
   */
  readonly load: number;
  /** Ninth decile of the first tokens, and of the means over answers, that came in the last window; undefined where there were none. */
  readonly ttft?: Seconds | undefined;
  readonly tpot?: Seconds | undefined;
}
