import type { EndPlant, TransferPlant } from './plant.ts';

/** The group of dies of a prefill rank that a decode rank pulls from (MOV-1). `to` counts within its instance of `decodeRanks`. */
export function sourceOf({ sourcesPerRank }: Pick<TransferPlant, 'sourcesPerRank'>, to: number, decodeRanks: number): number {
  const group = Math.max(1, Math.floor(decodeRanks / sourcesPerRank));
  return Math.min(sourcesPerRank - 1, Math.floor(to / group));
}

/** Links from an end to the switches of a level, its ports first. */
function upTo({ ports, levels }: EndPlant, level: number): readonly number[] {
  const above = levels.slice(0, level).map(({ link }) => link);
  return [...ports, ...above.filter((link) => link >= 0)];
}

/** Links from the switches of a level to an end. */
function downFrom({ ports, levels }: EndPlant, level: number): readonly number[] {
  return [...upTo({ ports: [], levels }, level), ...ports];
}

/** Links between two ends: ports, and on both sides those up to the lowest level where they meet (MOV-3). */
export function linksBetween(from: EndPlant, to: EndPlant): readonly number[] {
  const levels = Math.min(from.levels.length, to.levels.length);
  let meet = 0;
  while (meet < levels && from.levels[meet].group !== to.levels[meet].group) meet++;
  return [...upTo(from, meet), ...downFrom(to, meet)];
}

/** Whether some level joins two ends. */
export function joined(from: EndPlant, to: EndPlant): boolean {
  return from.levels.some(({ group }, level) => group === to.levels[level]?.group);
}

const latest = new WeakMap<TransferPlant, PushWays>();

/** Ways from prefill ranks to decode ranks, both counted over all instances: the same as `linksBetween`, put together once for each end and level. */
export class PushWays {
  /** Links by level, then by source or sink: of the first part of a way to the level where its ends meet, and of the rest. */
  readonly up: readonly (readonly (readonly number[])[])[];
  readonly down: readonly (readonly (readonly number[])[])[];
  readonly #decodeRanks: number;
  readonly #sourcesPerRank: number;
  /** By sink, the source among those of a prefill rank. */
  readonly #pulls: Int32Array;
  readonly #levels: number;
  /** By end, the groups of its levels. */
  readonly #above: Int32Array;
  readonly #below: Int32Array;

  /** The ways of a plant: runs of one deployment share them. */
  static of(transfer: TransferPlant, decodeRanks: number): PushWays {
    const known = latest.get(transfer);
    if (known !== undefined && known.#decodeRanks === decodeRanks) return known;
    const made = new PushWays(transfer, decodeRanks);
    latest.set(transfer, made);
    return made;
  }

  /** @param decodeRanks of an instance */
  constructor(transfer: TransferPlant, decodeRanks: number) {
    this.#decodeRanks = decodeRanks;
    const { sources, sinks, sourcesPerRank } = transfer;
    const levels = [...sources, ...sinks].reduce((most, end) => Math.max(most, end.levels.length), 0);
    const groups = (ends: readonly EndPlant[], none: number): Int32Array =>
      Int32Array.from(ends.flatMap((end) => Array.from({ length: levels }, (_, level) => end.levels[level]?.group ?? none)));
    const heights = Array.from({ length: levels + 1 }, (_, level) => level);
    this.up = heights.map((level) => sources.map((end) => upTo(end, level)));
    this.down = heights.map((level) => sinks.map((end) => downFrom(end, level)));
    this.#sourcesPerRank = sourcesPerRank;
    this.#pulls = Int32Array.from(sinks, (_, to) => sourceOf(transfer, to % decodeRanks, decodeRanks));
    this.#levels = levels;
    this.#above = groups(sources, -1);
    this.#below = groups(sinks, -2);
  }

  /** The source of a prefill rank that a decode rank pulls from. */
  source(from: number, to: number): number {
    return from * this.#sourcesPerRank + this.#pulls[to];
  }

  /** The lowest level where a source and a sink meet. */
  level(source: number, sink: number): number {
    const levels = this.#levels;
    let level = 0;
    while (level < levels && this.#above[source * levels + level] !== this.#below[sink * levels + level]) level++;
    return level;
  }
}
