import { place } from './place.ts';

/**
 * Requests in flight as columns; a slot is used again when its request has ended, so that memory follows what is in flight and
 * not how many there were. Times are seconds, lengths are tokens.
 */
export class RequestTable {
  #capacity = 0;
  readonly #free: number[] = [];
  #top = 0;

  /** Number of the request in order of arrival: the name of its random draws. */
  ordinal: Float64Array = new Float64Array(0);
  arrivedAt: Float64Array = new Float64Array(0);
  /** Its cached prefix has been read and it may be prefilled. */
  readyAt: Float64Array = new Float64Array(0);
  /** First iteration that computes some of its prompt. */
  startedAt: Float64Array = new Float64Array(0);
  prefilledAt: Float64Array = new Float64Array(0);
  /** Slot and KV blocks are reserved where it will decode. */
  reservedAt: Float64Array = new Float64Array(0);
  movedAt: Float64Array = new Float64Array(0);
  joinedAt: Float64Array = new Float64Array(0);
  firstTokenAt: Float64Array = new Float64Array(0);
  /** Last token before a pause: a move to another instance or a preemption. */
  lastTokenAt: Float64Array = new Float64Array(0);

  /** Name by which its source is told of its end; -1 without. */
  thread: Int32Array = new Int32Array(0);
  /** Whose it is and what it asks for: see `Labels`. */
  tenant: Int32Array = new Int32Array(0);
  priority: Int32Array = new Int32Array(0);
  model: Int32Array = new Int32Array(0);
  adapter: Int32Array = new Int32Array(0);
  inputTokens: Int32Array = new Int32Array(0);
  /** True length of the answer. Only the engine reads it; policies never do. */
  outputTokens: Int32Array = new Int32Array(0);
  /** Tokens emitted up to the last time it joined or was preempted. */
  emitted: Int32Array = new Int32Array(0);
  /** Prompt tokens found in a cache when it was admitted. */
  cachedTokens: Int32Array = new Int32Array(0);
  /** What has to be in the KV before it decodes: the prompt, and after a preemption also what it had emitted. */
  prompt: Int32Array = new Int32Array(0);
  /** Tokens of the prompt without which it is not computed. */
  leastCached: Int32Array = new Int32Array(0);
  /** Tokens of `prompt` that are in the KV. */
  progress: Int32Array = new Int32Array(0);
  /** KV blocks of its own, shared prefix blocks apart. */
  privateBlocks: Int32Array = new Int32Array(0);
  /** Leading prefix blocks that it refers to in its rank's cache. */
  pinned: Int32Array = new Int32Array(0);
  instance: Int32Array = new Int32Array(0);
  rank: Int32Array = new Int32Array(0);
  /** Instance of the first pool that it has to go to, and of the pool that decodes, by their numbers in it, and ranks of those; -1 where policies decide. */
  sentTo: Int32Array = new Int32Array(0);
  sentToRank: Int32Array = new Int32Array(0);
  decodesOn: Int32Array = new Int32Array(0);
  decodesOnRank: Int32Array = new Int32Array(0);
  /** 1 while its KV has to stay where it was computed. */
  held: Int32Array = new Int32Array(0);
  /** Prefill rank that holds its KV until it has moved: instance times ranks plus rank. */
  source: Int32Array = new Int32Array(0);
  /** Order of admission on its rank: preemption takes the latest. */
  admission: Float64Array = new Float64Array(0);
  /** Tokens that completed prompts put out: its first, and one more after each preemption. */
  fromPrompts: Int32Array = new Int32Array(0);
  /** Decode steps taken before it last joined: counter of its draws. */
  stepsBefore: Int32Array = new Int32Array(0);
  /** Instance step at which it joined and at whose end it finishes. */
  joinStep: Float64Array = new Float64Array(0);
  finishStep: Float64Array = new Float64Array(0);
  /** KV tokens at joining less the instance's token count then. */
  base: Float64Array = new Float64Array(0);
  /** Position among the members of its rank. */
  position: Int32Array = new Int32Array(0);
  /** Next request that finishes at the same step. */
  nextFinisher: Int32Array = new Int32Array(0);
  preemptions: Int32Array = new Int32Array(0);
  /** Times that a fault took what it held. */
  interruptions: Int32Array = new Int32Array(0);
  /** Where it is: a value of place.ts. */
  place: Int32Array = new Int32Array(0);
  /** Prefix block ids of the prompt, empty without. */
  blocks: ArrayLike<number>[] = [];
  blockTokens: Int32Array = new Int32Array(0);

  get inUse(): number {
    return this.#top - this.#free.length;
  }

  /** A cleared slot. */
  allocate(): number {
    const slot = this.#free.pop() ?? this.#extend();
    this.emitted[slot] = 0;
    this.cachedTokens[slot] = 0;
    this.progress[slot] = 0;
    this.privateBlocks[slot] = 0;
    this.pinned[slot] = 0;
    this.sentTo[slot] = -1;
    this.sentToRank[slot] = -1;
    this.decodesOn[slot] = -1;
    this.decodesOnRank[slot] = -1;
    this.held[slot] = 0;
    this.instance[slot] = -1;
    this.rank[slot] = -1;
    this.stepsBefore[slot] = 0;
    this.fromPrompts[slot] = 0;
    this.finishStep[slot] = -1;
    this.preemptions[slot] = 0;
    this.interruptions[slot] = 0;
    this.place[slot] = place.nowhere;
    this.startedAt[slot] = -1;
    this.prefilledAt[slot] = -1;
    this.firstTokenAt[slot] = -1;
    return slot;
  }

  /** Slots of requests in flight, in no order that means anything. */
  *slots(): IterableIterator<number> {
    for (let slot = 0; slot < this.#top; slot++) if (this.place[slot] !== place.nowhere) yield slot;
  }

  release(slot: number): void {
    this.place[slot] = place.nowhere;
    this.blocks[slot] = none;
    this.#free.push(slot);
  }

  #extend(): number {
    if (this.#top === this.#capacity) {
      this.#capacity = Math.max(256, this.#capacity * 2);
      const doubles = (old: Float64Array): Float64Array => {
        const grown = new Float64Array(this.#capacity);
        grown.set(old);
        return grown;
      };
      const ints = (old: Int32Array): Int32Array => {
        const grown = new Int32Array(this.#capacity);
        grown.set(old);
        return grown;
      };
      this.ordinal = doubles(this.ordinal);
      this.arrivedAt = doubles(this.arrivedAt);
      this.readyAt = doubles(this.readyAt);
      this.startedAt = doubles(this.startedAt);
      this.prefilledAt = doubles(this.prefilledAt);
      this.reservedAt = doubles(this.reservedAt);
      this.movedAt = doubles(this.movedAt);
      this.joinedAt = doubles(this.joinedAt);
      this.firstTokenAt = doubles(this.firstTokenAt);
      this.lastTokenAt = doubles(this.lastTokenAt);
      this.admission = doubles(this.admission);
      this.joinStep = doubles(this.joinStep);
      this.finishStep = doubles(this.finishStep);
      this.base = doubles(this.base);
      this.thread = ints(this.thread);
      this.tenant = ints(this.tenant);
      this.priority = ints(this.priority);
      this.model = ints(this.model);
      this.adapter = ints(this.adapter);
      this.inputTokens = ints(this.inputTokens);
      this.outputTokens = ints(this.outputTokens);
      this.emitted = ints(this.emitted);
      this.cachedTokens = ints(this.cachedTokens);
      this.leastCached = ints(this.leastCached);
      this.prompt = ints(this.prompt);
      this.progress = ints(this.progress);
      this.privateBlocks = ints(this.privateBlocks);
      this.pinned = ints(this.pinned);
      this.instance = ints(this.instance);
      this.rank = ints(this.rank);
      this.sentTo = ints(this.sentTo);
      this.sentToRank = ints(this.sentToRank);
      this.decodesOn = ints(this.decodesOn);
      this.decodesOnRank = ints(this.decodesOnRank);
      this.held = ints(this.held);
      this.source = ints(this.source);
      this.stepsBefore = ints(this.stepsBefore);
      this.fromPrompts = ints(this.fromPrompts);
      this.position = ints(this.position);
      this.nextFinisher = ints(this.nextFinisher);
      this.preemptions = ints(this.preemptions);
      this.interruptions = ints(this.interruptions);
      this.place = ints(this.place);
      this.blockTokens = ints(this.blockTokens);
    }
    this.blocks[this.#top] = none;
    return this.#top++;
  }
}

const none: readonly number[] = [];
