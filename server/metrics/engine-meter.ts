import * as bounds from './buckets.ts';
import { Tally } from './tally.ts';

/** Why a request ended, in vLLM's words. */
export const reasons = ['stop', 'length', 'abort', 'error'] as const;
export type Reason = (typeof reasons)[number];

/** What one engine, a rank or an instance, has done since it began. Times in s of the twin, lengths in tokens. */
export class EngineMeter {
  promptTokens = 0;
  /** Of them, those that were found in the KV of the engine itself, and those that came from elsewhere. */
  localHits = 0;
  externalHits = 0;
  /** Prompt tokens that were looked up in either. */
  localQueries = 0;
  externalQueries = 0;
  generated = 0;
  preemptions = 0;
  readonly ended: Record<Reason, number> = { stop: 0, length: 0, abort: 0, error: 0 };
  drafts = 0;
  draftTokens = 0;
  /** Drafts that were accepted at each position. */
  readonly accepted: number[];
  readonly firstToken: Tally = new Tally(bounds.firstTokenBounds);
  readonly gaps: Tally = new Tally(bounds.perTokenBounds);
  readonly perToken: Tally = new Tally(bounds.perTokenBounds);
  readonly whole: Tally = new Tally(bounds.requestBounds);
  readonly queued: Tally = new Tally(bounds.requestBounds);
  readonly inference: Tally = new Tally(bounds.requestBounds);
  readonly prefill: Tally = new Tally(bounds.requestBounds);
  readonly decode: Tally = new Tally(bounds.requestBounds);
  readonly prompts: Tally;
  readonly answers: Tally;
  readonly longestAnswers: Tally;
  readonly askedFor: Tally;
  readonly computed: Tally;
  readonly choices: Tally = new Tally(bounds.choiceBounds);
  readonly stepTokens: Tally = new Tally(bounds.stepTokenBounds);
  readonly blockLife: Tally = new Tally(bounds.blockTimeBounds);
  readonly blockIdle: Tally = new Tally(bounds.blockTimeBounds);
  readonly blockReuse: Tally = new Tally(bounds.blockTimeBounds);

  /**
   * @param longest request, prompt and answer [tokens]
   * @param drafts tokens that are drafted in a step at most
   */
  constructor(longest: number, drafts: number) {
    const lengths = bounds.lengthBounds(longest);
    this.prompts = new Tally(lengths);
    this.answers = new Tally(lengths);
    this.longestAnswers = new Tally(lengths);
    this.askedFor = new Tally(lengths);
    this.computed = new Tally(lengths);
    this.accepted = Array.from({ length: drafts }, () => 0);
  }
}
