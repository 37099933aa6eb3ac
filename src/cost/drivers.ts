import type { InstanceBatch, RankBatch } from './batch.ts';

/** A few sums of a batch that an operator may depend on and nothing else. */
export interface Driver {
  readonly name: string;
  /** One whole number for each value of the sums. */
  readonly key: (this: void, batch: InstanceBatch) => number;
  /** Batches in pairs: of one value in each pair, and different in all else that a batch may differ in. */
  readonly pairs: readonly (readonly [InstanceBatch, InstanceBatch])[];
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

const wide = 2 ** 20;

function rowsOf({ decodeSequences, queryTokens, prefillTokens }: RankBatch): number {
  return decodeSequences * queryTokens + prefillTokens;
}

type Key = Driver['key'];
/** The second batch of a pair, given the value of the first. */
type Match = (from: InstanceBatch, other: InstanceBatch) => Partial<RankBatch> & { readonly instanceTokens?: number };

/** From what says least to what says most: an operator is put down to the first that explains it. */
const candidates: readonly { readonly name: string; readonly key: Key; readonly match: Match }[] = [
  { name: 'nothing', key: () => 0, match: () => ({}) },
  { name: 'decoding sequences', key: ({ rank }) => rank.decodeSequences, match: ({ rank }) => ({ decodeSequences: rank.decodeSequences }) },
  {
    name: 'rows',
    key: ({ rank }) => rowsOf(rank),
    match: ({ rank }, { rank: other }) => ({ prefillTokens: rowsOf(rank) - other.decodeSequences * other.queryTokens }),
  },
  { name: 'tokens of the instance', key: ({ instanceTokens }) => instanceTokens, match: ({ instanceTokens }) => ({ instanceTokens }) },
  { name: 'prompt tokens', key: ({ rank }) => rank.prefillTokens, match: ({ rank }) => ({ prefillTokens: rank.prefillTokens }) },
  { name: 'prompt context', key: ({ rank }) => rank.prefillContext, match: ({ rank }) => ({ prefillContext: rank.prefillContext }) },
  {
    name: 'drawn tokens',
    key: ({ rank }) => rank.decodeSequences * rank.queryTokens + rank.prefillSequences,
    match: ({ rank }, { rank: other }) => ({
      prefillSequences: rank.prefillSequences + (rank.decodeSequences - other.decodeSequences) * rank.queryTokens,
    }),
  },
  {
    name: 'sequences',
    key: ({ rank }) => rank.decodeSequences + rank.prefillSequences,
    match: ({ rank }, { rank: other }) => ({ prefillSequences: rank.prefillSequences + rank.decodeSequences - other.decodeSequences }),
  },
  {
    name: 'rows and tokens of the instance',
    key: ({ rank, instanceTokens }) => rowsOf(rank) * wide * 2 + instanceTokens,
    match: ({ rank, instanceTokens }, { rank: other }) => ({
      instanceTokens,
      prefillTokens: rowsOf(rank) - other.decodeSequences * other.queryTokens,
    }),
  },
  {
    name: 'decoding sequences and tokens of the instance',
    key: ({ rank, instanceTokens }) => rank.decodeSequences * wide * 2 + instanceTokens,
    match: ({ rank, instanceTokens }) => ({ instanceTokens, decodeSequences: rank.decodeSequences }),
  },
];

/** Operators that depend on these are interpolated in the context. */
export const contextDriver = 'decoding sequences and their context';

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
  const few = !mostlyPrompts && decodes;
  const evenly = ({ rank }: InstanceBatch): InstanceBatch => ({ rank, instanceTokens: rowsOf(rank) });
  return few
    ? [
        [batch(40, 5, 30, 61), batch(37, 4, 21, 7)],
        [evenly(batch(811, 9, 300, 11)), batch(790, 7, 211, 4)],
      ]
    : [
        [batch(8, 6, 300, 61), batch(5, 3, 211, 7)],
        [evenly(batch(90, 40, 6000, 11)), batch(70, 18, 4000, 3)],
      ];
}

/** The drivers that a kind of batches can be told apart by, from what says least. */
export function driversOf(kind: Kind, queryTokens: number): readonly Driver[] {
  const of = examples(kind, queryTokens);
  const paired = (match: Match): Driver['pairs'] =>
    of.map(([from, other]): [InstanceBatch, InstanceBatch] => {
      const { instanceTokens = other.instanceTokens, ...rank } = match(from, other);
      return [from, { rank: { ...other.rank, ...rank }, instanceTokens }];
    });
  const wanted = numberOf(kind);
  const drivers = candidates.map(({ name, key, match }): Driver => ({ name, key, pairs: paired(match) }));
  const context: Driver = {
    name: contextDriver,
    key: ({ rank }) => rank.decodeSequences,
    pairs: paired(({ rank }) => ({ decodeSequences: rank.decodeSequences, decodeContext: rank.decodeContext })),
  };
  return [...drivers, ...(kind.decodes ? [context] : [])].filter(({ key, pairs }) =>
    pairs.every(([a, b]) => key(a) === key(b) && kindNumber(a) === wanted && kindNumber(b) === wanted),
  );
}

function numberOf({ decodes, prefills, single, mostlyPrompts }: Kind): number {
  return (decodes ? 1 : 0) + (prefills ? 2 : 0) + (single ? 4 : 0) + (mostlyPrompts ? 8 : 0);
}
