import type { InstanceBatch, StepCost, StepPricer } from '../cost/batch.ts';

/** Sizes of batches that one example stands for: octaves of their rows, for each mix of decoding and prompts. */
const octaves = 64;

function sizeOf({ rank }: InstanceBatch): number {
  const rows = rank.decodeSequences * rank.queryTokens + rank.prefillTokens;
  const mix = (rank.decodeSequences > 0 ? 1 : 0) + (rank.prefillTokens > 0 ? 2 : 0);
  return mix * octaves + (31 - Math.clz32(rows + 1));
}

/** Prices as another pricer does, and keeps an example of each size of batch that it was asked for: the first. */
export class RecordingPricer implements StepPricer {
  readonly #base: StepPricer;
  readonly examples: Map<number, InstanceBatch> = new Map();

  constructor(base: StepPricer) {
    this.#base = base;
  }

  cost(batch: InstanceBatch, old?: StepCost): StepCost {
    const size = sizeOf(batch);
    if (!this.examples.has(size)) this.examples.set(size, { rank: { ...batch.rank }, instanceTokens: batch.instanceTokens });
    return this.#base.cost(batch, old);
  }
}

/** What steps of each size take in a sample over what they take nominally: both priced exactly, for the examples. */
export function factorsOf(examples: ReadonlyMap<number, InstanceBatch>, nominal: StepPricer, sampled: StepPricer): ReadonlyMap<number, number> {
  return new Map([...examples].map(([size, batch]): [number, number] => [size, sampled.cost(batch).time / nominal.cost(batch).time]));
}

/** Prices as another pricer does, times what steps of the size take in a sample. */
export class ScaledPricer implements StepPricer {
  readonly #base: StepPricer;
  readonly #factors: Map<number, number>;

  constructor(base: StepPricer, factors: ReadonlyMap<number, number>) {
    this.#base = base;
    this.#factors = new Map(factors);
  }

  cost(batch: InstanceBatch): StepCost {
    const { time, busy, stages } = this.#base.cost(batch);
    const factor = this.#factorOf(sizeOf(batch));
    return { time: time * factor, busy: busy.map((part) => part * factor), stages: stages.map((part) => part * factor) };
  }

  /** That of the nearest size where none was seen: another octave of the same mix before another mix. */
  #factorOf(size: number): number {
    const known = this.#factors.get(size);
    if (known !== undefined) return known;
    let nearest = 1;
    let least = Infinity;
    for (const [other, factor] of this.#factors) {
      const away = Math.abs(other - size);
      if (away < least) [nearest, least] = [factor, away];
    }
    this.#factors.set(size, nearest);
    return nearest;
  }
}
