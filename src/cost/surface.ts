import type { InstanceBatch, RankBatch, StepCost, StepPricer } from './batch.ts';

/** A stretch of contexts over which the cost is a straight line within the tolerance, or two halves of one that is not. */
interface Segment {
  readonly from: number;
  readonly to: number;
  readonly start: StepCost;
  readonly end: StepCost;
  readonly halves?: readonly [Segment, Segment] | undefined;
}

/** Largest relative error at the middle of a segment; between kinks the cost is linear in the context, so that elsewhere it is smaller. */
const tolerance = 2e-4;
const deepest = 10;
/** Surfaces kept: pairs of (sequences, tokens of the instance), oldest dropped first. */
const kept = 8192;

/**
 * A pricer that remembers what decode steps cost as a function of their context, for each number of sequences and tokens that comes
 * up: a decode-only step is then read off straight segments whose ends are exact. Segments depend on nothing but the pricer, so that
 * results do not depend on what was asked before. Steps that compute prompts are priced exactly.
 */
export class SurfacePricer implements StepPricer {
  readonly #exact: StepPricer;
  readonly #surfaces = new Map<number, (Segment | undefined)[]>();
  /** Exact prices asked for so far. */
  evaluations = 0;

  constructor(exact: StepPricer) {
    this.#exact = exact;
  }

  cost(batch: InstanceBatch): StepCost {
    const { rank, instanceTokens } = batch;
    if (rank.prefillTokens > 0) return this.#price(batch);
    const key = rank.decodeSequences * 2 ** 32 + instanceTokens;
    let surface = this.#surfaces.get(key);
    if (surface === undefined) {
      if (this.#surfaces.size >= kept) this.#surfaces.delete(this.#surfaces.keys().next().value as number);
      surface = [];
      this.#surfaces.set(key, surface);
    }
    // Octaves of contexts: [2^o - 1, 2^(o+1) - 1].
    const octave = 31 - Math.clz32(Math.max(0, rank.decodeContext) + 1);
    const low = 1 << octave;
    const segment = (surface[octave] ??= this.#segment(batch, low - 1, 2 * low - 1));
    return read(segment, rank.decodeContext);
  }

  #price(batch: InstanceBatch): StepCost {
    this.evaluations++;
    return this.#exact.cost(batch);
  }

  #segment({ rank, instanceTokens }: InstanceBatch, from: number, to: number): Segment {
    const at = (decodeContext: number): StepCost => this.#price({ rank: { ...rank, decodeContext } satisfies RankBatch, instanceTokens });
    return split(at, from, to, at(from), at(to), 0);
  }
}

function split(at: (context: number) => StepCost, from: number, to: number, start: StepCost, end: StepCost, depth: number): Segment {
  const middle = Math.floor((from + to) / 2);
  if (middle === from || depth === deepest) return { from, to, start, end };
  const exact = at(middle);
  const line = start.time + ((end.time - start.time) * (middle - from)) / (to - from);
  if (Math.abs(line - exact.time) <= tolerance * exact.time) return { from, to, start, end };
  return { from, to, start, end, halves: [split(at, from, middle, start, exact, depth + 1), split(at, middle, to, exact, end, depth + 1)] };
}

function read(segment: Segment, context: number): StepCost {
  let part = segment;
  while (part.halves !== undefined) part = context <= part.halves[0].to ? part.halves[0] : part.halves[1];
  const { from, to, start, end } = part;
  const share = to === from ? 0 : (context - from) / (to - from);
  if (share === 0) return start;
  return { time: start.time + (end.time - start.time) * share, busy: between(start.busy, end.busy, share), stages: between(start.stages, end.stages, share) };
}

function between(a: readonly number[], b: readonly number[], share: number): readonly number[] {
  return a.map((value, i) => value + ((b[i] ?? 0) - value) * share);
}
