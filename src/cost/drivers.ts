import type { InstanceBatch, RankBatch } from './batch.ts';

/** Sums of a batch that operators may depend on. */
const sums = ['nothing', 'decoding', 'decodeContext', 'rows', 'instance', 'prompts', 'promptContext', 'drawn', 'sequences'] as const;
type Sum = (typeof sums)[number];
export const sumsOfBatch: number = sums.length;

/** Writes the sums of a batch in their order. */
export function readSums({ rank, instanceTokens }: InstanceBatch, into: Float64Array): void {
  const decoded = rank.decodeSequences * rank.queryTokens;
  into[0] = 0;
  into[1] = rank.decodeSequences;
  into[2] = rank.decodeContext;
  into[3] = decoded + rank.prefillTokens;
  into[4] = instanceTokens;
  into[5] = rank.prefillTokens;
  into[6] = rank.prefillContext;
  into[7] = decoded + rank.prefillSequences;
  into[8] = rank.decodeSequences + rank.prefillSequences;
}

function sumsOf(batch: InstanceBatch): Float64Array {
  const read = new Float64Array(sumsOfBatch);
  readSums(batch, read);
  return read;
}

/** A few sums of a batch that an operator may depend on and nothing else: one along which rows may be read off lines, and what is fixed on a line. */
export interface Driver {
  readonly name: string;
  /** Places of both among the sums; that of nothing where nothing is fixed. */
  readonly fixed: number;
  readonly along: number;
  /** Batches in pairs: of one value in each pair, and different in all else that a batch may differ in. */
  readonly pairs: readonly (readonly [InstanceBatch, InstanceBatch])[];
  /** Whether the sum takes so many values that rows are read off lines. */
  readonly wide: boolean;
  /** A batch of the kind with these values, the same whenever it is asked for; undefined: none that is like the kind. */
  readonly example: (this: void, fixed: number, along: number) => InstanceBatch | undefined;
}

/** Batches whose steps have the same operators in the same order on the same streams. */
export interface Kind {
  readonly decodes: boolean;
  readonly prefills: boolean;
  /** One sequence cannot be cut in two. */
  readonly single: boolean;
  /** Most tokens are of prompts. */
  readonly mostlyPrompts: boolean;
}

export function kindOf({ rank }: InstanceBatch): Kind {
  return {
    decodes: rank.decodeSequences > 0,
    prefills: rank.prefillTokens > 0,
    single: rank.decodeSequences + rank.prefillSequences < 2,
    mostlyPrompts: rank.prefillTokens > rank.decodeSequences * rank.queryTokens,
  };
}

/** A kind as a number below `kinds`. */
export function kindNumber({ rank }: InstanceBatch): number {
  return (
    (rank.decodeSequences > 0 ? 1 : 0) +
    (rank.prefillTokens > 0 ? 2 : 0) +
    (rank.decodeSequences + rank.prefillSequences < 2 ? 4 : 0) +
    (rank.prefillTokens > rank.decodeSequences * rank.queryTokens ? 8 : 0)
  );
}
export const kinds = 16;

function rowsOf({ decodeSequences, queryTokens, prefillTokens }: RankBatch): number {
  return decodeSequences * queryTokens + prefillTokens;
}

interface Candidate {
  readonly name: string;
  readonly fixed?: Sum;
  readonly along: Sum;
  readonly wide: boolean;
  /** What another batch needs to have these values. */
  readonly given: (fixed: number, along: number, other: RankBatch) => Partial<RankBatch> & { readonly instanceTokens?: number };
}

/** Operators that are the same in every step. */
export const nothingDriver = 'nothing';
/** Operators that depend on what decoding sequences attend to. */
export const contextDriver = 'decoding sequences and their context';

/** From what says least to what says most: an operator is put down to the first that explains it. */
const candidates: readonly Candidate[] = [
  { name: nothingDriver, along: 'nothing', wide: false, given: () => ({}) },
  { name: 'decoding sequences', along: 'decoding', wide: false, given: (_, decodeSequences) => ({ decodeSequences }) },
  {
    name: 'rows',
    along: 'rows',
    wide: true,
    given: (_, rows, other) => ({ prefillTokens: rows - other.decodeSequences * other.queryTokens }),
  },
  { name: 'tokens of the instance', along: 'instance', wide: true, given: (_, instanceTokens) => ({ instanceTokens }) },
  { name: 'prompt tokens', along: 'prompts', wide: true, given: (_, prefillTokens) => ({ prefillTokens }) },
  { name: 'prompt context', along: 'promptContext', wide: true, given: (_, prefillContext) => ({ prefillContext }) },
  {
    name: 'drawn tokens',
    along: 'drawn',
    wide: false,
    given: (_, drawn, other) => ({ prefillSequences: drawn - other.decodeSequences * other.queryTokens }),
  },
  {
    name: 'sequences',
    along: 'sequences',
    wide: false,
    given: (_, sequences, other) => ({ prefillSequences: sequences - other.decodeSequences }),
  },
  {
    name: 'rows and tokens of the instance',
    fixed: 'rows',
    along: 'instance',
    wide: true,
    given: (rows, instanceTokens, other) => ({ instanceTokens, prefillTokens: rows - other.decodeSequences * other.queryTokens }),
  },
  {
    name: 'decoding sequences and tokens of the instance',
    fixed: 'decoding',
    along: 'instance',
    wide: true,
    given: (decodeSequences, instanceTokens) => ({ instanceTokens, decodeSequences }),
  },
  {
    name: contextDriver,
    fixed: 'decoding',
    along: 'decodeContext',
    wide: true,
    given: (decodeSequences, decodeContext) => ({ decodeSequences, decodeContext }),
  },
];

/** Batches of a kind that differ in everything, of two sizes. */
function examples({ decodes, prefills, single, mostlyPrompts }: Kind, queryTokens: number): readonly (readonly [InstanceBatch, InstanceBatch])[] {
  const batch = (decode: number, prompts: number, tokens: number, spread: number): InstanceBatch => {
    const decodeSequences = decodes ? (single ? 1 : decode) : 0;
    const prefillSequences = prefills ? (single ? 1 : prompts) : 0;
    const prefillTokens = prefills ? tokens : 0;
    const prefillContext = prefills ? tokens + 37 * spread : 0;
    const rank: RankBatch = {
      decodeSequences,
      queryTokens,
      decodeContext: decodeSequences * 100 * spread,
      prefillTokens,
      prefillSequences,
      prefillPairs: prefillContext * 5 * spread,
      prefillContext,
    };
    return { rank, instanceTokens: Math.ceil(rowsOf(rank) * (1 + spread / 3)) };
  };
  const mostlyDecoding = !mostlyPrompts && decodes;
  const evenly = ({ rank }: InstanceBatch): InstanceBatch => ({ rank, instanceTokens: rowsOf(rank) });
  return mostlyDecoding
    ? [
        [batch(40, 5, 30, 61), batch(37, 4, 21, 7)],
        [evenly(batch(811, 9, 300, 11)), batch(790, 7, 211, 4)],
      ]
    : [
        [batch(8, 6, 300, 61), batch(5, 3, 211, 7)],
        [evenly(batch(90, 40, 6000, 11)), batch(70, 18, 4000, 3)],
      ];
}

const few = 8;
/** Working memory: the sums of a batch. */
const read = new Float64Array(sumsOfBatch);

/**
 * A batch of a kind with given values: few sequences, in steps that are mostly decoding as many as it takes, all else as small as can be. What
 * depends on these values alone is the same in all of them, so that any will do.
 */
function exampleOf(
  kind: Kind,
  queryTokens: number,
  { given }: Candidate,
  { fixed, along }: Pick<Driver, 'fixed' | 'along'>,
  at: number,
  position: number,
): InstanceBatch | undefined {
  const wanted = numberOf(kind);
  const decoding = !kind.decodes
    ? [0]
    : kind.single
      ? [1]
      : [at, few, Math.floor((at - 1) / queryTokens), Math.floor((position - 1) / queryTokens), position].filter((sequences) => sequences > 0);
  for (const decodeSequences of decoding) {
    const prefillSequences = !kind.prefills ? 0 : kind.single ? 1 : few;
    const least = !kind.prefills ? 0 : kind.mostlyPrompts ? decodeSequences * queryTokens + few : 1;
    const other: RankBatch = {
      decodeSequences,
      queryTokens,
      decodeContext: decodeSequences * few,
      prefillTokens: least,
      prefillSequences,
      prefillPairs: least,
      prefillContext: least,
    };
    const { instanceTokens, ...more } = given(at, position, other);
    const rank = { ...other, ...more };
    const context = Math.max(rank.prefillTokens, rank.prefillContext);
    const batch = { rank: { ...rank, prefillContext: context, prefillPairs: context * few }, instanceTokens: instanceTokens ?? rowsOf(rank) };
    readSums(batch, read);
    if (read[fixed] === at && read[along] === position && batch.instanceTokens >= rowsOf(rank) && kindNumber(batch) === wanted) return batch;
  }
  return undefined;
}

/** The drivers that a kind of batches can be told apart by, from what says least. */
export function driversOf(kind: Kind, queryTokens: number): readonly Driver[] {
  const of = examples(kind, queryTokens);
  const wanted = numberOf(kind);
  return candidates.flatMap((candidate): Driver[] => {
    const { name, wide, given } = candidate;
    const fixed = sums.indexOf(candidate.fixed ?? 'nothing');
    const along = sums.indexOf(candidate.along);
    const pairs = of.map(([from, other]): [InstanceBatch, InstanceBatch] => {
      const values = sumsOf(from);
      const { instanceTokens = other.instanceTokens, ...rank } = given(values[fixed] ?? 0, values[along] ?? 0, other.rank);
      return [from, { rank: { ...other.rank, ...rank }, instanceTokens }];
    });
    const fits = pairs.every(([a, b]) => {
      const [one, two] = [sumsOf(a), sumsOf(b)];
      return one[fixed] === two[fixed] && one[along] === two[along] && kindNumber(a) === wanted && kindNumber(b) === wanted;
    });
    if (!fits || (name === contextDriver && !kind.decodes)) return [];
    return [{ name, wide, fixed, along, pairs, example: (at, position) => exampleOf(kind, queryTokens, candidate, { fixed, along }, at, position) }];
  });
}

function numberOf({ decodes, prefills, single, mostlyPrompts }: Kind): number {
  return (decodes ? 1 : 0) + (prefills ? 2 : 0) + (single ? 4 : 0) + (mostlyPrompts ? 8 : 0);
}
