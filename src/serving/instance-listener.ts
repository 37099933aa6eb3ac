import type { Seconds } from '../base/units.ts';
import type { Instance } from './instance.ts';

/** What an instance tells its owner; all at the end of an iteration but `scheduled` and `preempted`, which come at its start. */
export interface InstanceListener {
  /** A decode step has ended: what decodes puts out its tokens, and nothing of that has been noted yet. */
  stepped(instance: Instance): void;
  scheduled(slot: number, at: Seconds): void;
  /** The turn of a prompt came, and caches have less of it than it has to find: it is taken out of the queue. At the start of an iteration. */
  missed(slot: number, at: Seconds): void;
  /** The prompt is in the KV. A merged instance goes on to decode; a prefill instance holds the KV until `release`. */
  prefilled(slot: number, at: Seconds): void;
  firstToken(slot: number, at: Seconds): void;
  /** A request's next tokens came out of order with its step's: behind a move or a preemption. */
  resumed(slot: number, at: Seconds): void;
  finished(slot: number, at: Seconds): void;
  /** Its KV was dropped. A merged instance queues it again by itself. */
  preempted(slot: number, at: Seconds): void;
}
