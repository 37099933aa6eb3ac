import type { BytesPerSecond } from '../base/units.ts';
import type { Plant } from './plant.ts';

/** The links of a deployment's transfers, numbered: sources of every prefill rank, sinks of every decode rank, the cache pool, its readers. */
export class Links {
  readonly rates: readonly BytesPerSecond[];
  /** First decode rank's sink, the pool's link, and the end. */
  readonly firstSink: number;
  readonly pool: number;
  readonly #sourcesPerRank: number;
  readonly #decodeRanks: number;

  constructor({ pools, transfer, cache }: Plant) {
    const [prefill, decode] = pools;
    this.#sourcesPerRank = transfer?.sourcesPerRank ?? 0;
    this.#decodeRanks = decode?.ranks ?? 1;
    this.firstSink = prefill.instances * prefill.ranks * this.#sourcesPerRank;
    this.pool = this.firstSink + (decode === undefined ? 0 : decode.instances * decode.ranks);
    const same = (count: number, rate: BytesPerSecond): BytesPerSecond[] => Array.from({ length: count }, () => rate);
    this.rates = [
      ...same(this.firstSink, transfer?.sourceBandwidth ?? 0),
      ...same(this.pool - this.firstSink, transfer?.sinkBandwidth ?? 0),
      ...(cache === undefined ? [] : [cache.poolBandwidth, ...same(prefill.instances, cache.instanceBandwidth)]),
    ];
  }

  /** From the prefill rank `from` to the decode rank `to`, both counted over all instances (MOV-1). */
  push(from: number, to: number): readonly number[] {
    const group = Math.max(1, Math.floor(this.#decodeRanks / this.#sourcesPerRank));
    const source = Math.min(this.#sourcesPerRank - 1, Math.floor((to % this.#decodeRanks) / group));
    return [from * this.#sourcesPerRank + source, this.firstSink + to];
  }

  /** From the cache pool to a prefill instance. */
  read(instance: number): readonly number[] {
    return [this.pool, this.pool + 1 + instance];
  }
}
