import { enlarged } from '../kernel/enlarged.ts';
import type { IdRuns } from '../kernel/id-runs.ts';
import type { IntList } from '../kernel/int-list.ts';
import { place } from './place.ts';
import { Rarities } from './rare-fields.ts';
import type { Labels } from './traffic/arrival.ts';

/** Two slots that follow each other are so far apart, as a power of two. */
const slotBits = 3;
const slotStep: number = 1 << slotBits;

/** So many of those that wait are looked at together. */
export const fetchedTogether = 16;

/** Slots in the order of their turns: the one so many places behind the first, -1 for none; absent where that takes more than a look. */
interface Waiting {
  readonly size: number;
  behind?(places: number): number;
}

/** The row of a slot: rows are numbered from 0, without gaps. */
export function rowOf(slot: number): number {
  return slot >> slotBits;
}

/** The slot of a row. */
export function slotAt(row: number): number {
  return row << slotBits;
}

/**
 * Requests in flight, a row of fields for each; a slot is used again when its request has ended, so that memory follows what is in flight and
 * not how many there were. Times are seconds, lengths are tokens.
 *
 * Every field is read as a column, `table.prompt[slot]`. But columns are views of shared memory, each a place behind the one before, and slots are `slotStep`
 * apart: what is looked at of a request lies side by side, 64 bytes of doubles and three times 32 of integers, in four or five lines of a cache and not in thirty.
 */
export class RequestTable {
  #capacity = 0;
  readonly #free: number[] = [];
  #top = 0;
  #doubles = new Float64Array(0);
  #first = new Int32Array(0);
  #second = new Int32Array(0);
  #third = new Int32Array(0);
  readonly #blocks: IdRuns[] = [];
  /** What hardly any request has. */
  readonly rare: Rarities = new Rarities();

  /** Number of the request in order of arrival, less whole multiples of 2^32: the name of its random draws. */
  ordinal: Uint32Array = new Uint32Array(0);
  arrivedAt: Float64Array = new Float64Array(0);
  /** Its cached prefix has been read and it may be prefilled. */
  readyAt: Float64Array = new Float64Array(0);
  /** First iteration that computes some of its prompt. */
  startedAt: Float64Array = new Float64Array(0);
  /** Its prompt has been computed, the last time that it was. */
  prefilledAt: Float64Array = new Float64Array(0);
  /** Slot and KV blocks are reserved where it will decode. */
  reservedAt: Float64Array = new Float64Array(0);
  movedAt: Float64Array = new Float64Array(0);
  joinedAt: Float64Array = new Float64Array(0);
  firstTokenAt: Float64Array = new Float64Array(0);

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
  /** Tokens of `prompt` that are in the KV. */
  progress: Int32Array = new Int32Array(0);
  /** KV blocks of its own, shared prefix blocks apart. */
  privateBlocks: Int32Array = new Int32Array(0);
  /** Leading prefix blocks that it refers to in its rank's cache. */
  pinned: Int32Array = new Int32Array(0);
  instance: Int32Array = new Int32Array(0);
  rank: Int32Array = new Int32Array(0);
  /** Prefill rank that holds its KV until it has moved: instance times ranks plus rank. */
  source: Int32Array = new Int32Array(0);
  /** Order of admission on its rank: preemption takes the latest. */
  admission: Int32Array = new Int32Array(0);
  /** Tokens that completed prompts put out: its first, and one more after each preemption. */
  fromPrompts: Int32Array = new Int32Array(0);
  /** Decode steps taken before it last joined: counter of its draws. */
  stepsBefore: Int32Array = new Int32Array(0);
  /** Instance step at which it joined, less whole multiples of 2^32, and at whose end it finishes. */
  joinStep: Int32Array = new Int32Array(0);
  finishStep: Int32Array = new Int32Array(0);
  /** Where it is: a value of place.ts. */
  place: Int32Array = new Int32Array(0);
  blockTokens: Int32Array = new Int32Array(0);

  /** What `fetch` has seen: the sum means nothing. */
  fetched = 0.5;

  /** By row: the place among the sequences of its rank, and the slot behind it in the list that it is in. Other requests change these, so that they lie close together. */
  position: Int32Array<ArrayBuffer> = new Int32Array(0);
  next: Int32Array<ArrayBuffer> = new Int32Array(0);

  /** Prefix block ids of the prompt, empty without. */
  blocks(slot: number): IdRuns {
    return this.#blocks[rowOf(slot)] ?? none;
  }

  setBlocks(slot: number, ids: IdRuns): void {
    while (this.#blocks.length < rowOf(slot)) this.#blocks.push(none);
    this.#blocks[rowOf(slot)] = ids;
  }

  /** Rows that there is memory for. */
  get capacity(): number {
    return this.#capacity;
  }

  get inUse(): number {
    return this.#top - this.#free.length;
  }

  /** A cleared slot. */
  allocate(): number {
    const slot = this.#free.length === 0 ? this.#extend() : (this.#free.pop() as number);
    this.emitted[slot] = 0;
    this.cachedTokens[slot] = 0;
    this.progress[slot] = 0;
    this.privateBlocks[slot] = 0;
    this.pinned[slot] = 0;
    this.instance[slot] = -1;
    this.rank[slot] = -1;
    this.stepsBefore[slot] = 0;
    this.fromPrompts[slot] = 0;
    this.place[slot] = place.nowhere;
    this.startedAt[slot] = -1;
    this.prefilledAt[slot] = -1;
    this.firstTokenAt[slot] = -1;
    return slot;
  }

  /** Slots of requests in flight, in no order that means anything. */
  *slots(): IterableIterator<number> {
    for (let slot = 0; slot < this.#top * slotStep; slot += slotStep) if (this.place[slot] !== place.nowhere) yield slot;
  }

  /**
   * Looks at what the ends of requests need, from a slot on and by `next`: these lines of memory lie far away, and come together where they are looked at one
   * right after the other.
   */
  fetch(slot: number): void {
    const { next, arrivedAt, firstTokenAt, prompt, thread, inputTokens } = this;
    let seen = 0;
    for (let at = slot; at >= 0; at = next[rowOf(at)]) seen += arrivedAt[at] + firstTokenAt[at] + prompt[at] + thread[at] + inputTokens[at];
    this.fetched = seen;
  }

  /** The same for what is needed of the first of more that wait: they have not been looked at for long. */
  fetchFirst(waiting: Waiting): void {
    if (waiting.size <= fetchedTogether || waiting.behind === undefined) return;
    let seen = 0;
    for (let places = 0; places < fetchedTogether; places++) {
      const slot = waiting.behind(places);
      if (slot >= 0) seen += this.startedAt[slot] + this.prompt[slot] + this.source[slot];
    }
    this.fetched = seen;
  }

  /** The same for what is needed of prompts that are computed: of their way from there on, to where they decode. */
  fetchPrompts({ items, length }: IntList): void {
    let seen = 0;
    for (let i = 0; i < length; i++) {
      const slot = items[i];
      seen += this.startedAt[slot] + this.firstTokenAt[slot] + this.prompt[slot] + this.source[slot];
    }
    this.fetched = seen;
  }

  release(slot: number): void {
    this.place[slot] = place.nowhere;
    this.rare.forget(slot);
    if (rowOf(slot) < this.#blocks.length) this.#blocks[rowOf(slot)] = none;
    this.#free.push(slot);
  }

  /** What a request says of itself, for those that look on. */
  labels(slot: number): Labels {
    return { tenant: this.tenant[slot], priority: this.priority[slot], model: this.model[slot], adapter: this.adapter[slot] };
  }

  #extend(): number {
    if (this.#top === this.#capacity) this.#grow(Math.max(4096, this.#capacity * 16));
    return slotAt(this.#top++);
  }

  #grow(capacity: number): void {
    this.#capacity = capacity;
    const doubles = enlarged(this.#doubles, new Float64Array(capacity * slotStep));
    const first = enlarged(this.#first, new Int32Array(capacity * slotStep));
    const second = enlarged(this.#second, new Int32Array(capacity * slotStep));
    const third = enlarged(this.#third, new Int32Array(capacity * slotStep));
    this.#doubles = doubles;
    this.#first = first;
    this.#second = second;
    this.#third = third;
    this.position = enlarged(this.position, new Int32Array(capacity));
    this.next = enlarged(this.next, new Int32Array(capacity));
    // What a prompt and a sequence need on their way; last what is needed when a request comes and ends, and what few have other than 0.
    this.arrivedAt = doubles.subarray(0);
    this.readyAt = doubles.subarray(1);
    this.startedAt = doubles.subarray(2);
    this.prefilledAt = doubles.subarray(3);
    this.reservedAt = doubles.subarray(4);
    this.movedAt = doubles.subarray(5);
    this.joinedAt = doubles.subarray(6);
    this.firstTokenAt = doubles.subarray(7);
    this.outputTokens = first.subarray(0);
    this.prompt = first.subarray(1);
    this.progress = first.subarray(2);
    this.emitted = first.subarray(3);
    this.rank = first.subarray(4);
    this.place = first.subarray(5);
    this.privateBlocks = first.subarray(6);
    this.instance = first.subarray(7);
    this.source = second.subarray(0);
    this.admission = second.subarray(1);
    this.thread = second.subarray(2);
    this.joinStep = second.subarray(3);
    this.finishStep = second.subarray(4);
    this.stepsBefore = second.subarray(5);
    this.fromPrompts = second.subarray(6);
    this.ordinal = new Uint32Array(second.buffer, 7 * second.BYTES_PER_ELEMENT);
    this.inputTokens = third.subarray(0);
    this.cachedTokens = third.subarray(1);
    this.blockTokens = third.subarray(2);
    this.pinned = third.subarray(3);
    this.tenant = third.subarray(4);
    this.priority = third.subarray(5);
    this.model = third.subarray(6);
    this.adapter = third.subarray(7);
  }
}

const none: IdRuns = [];
