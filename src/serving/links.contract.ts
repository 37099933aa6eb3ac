import type { BothWays, EndPlant, LinkPlant, Plant, PoolPlant, StoragePlant } from './plant.ts';

/** Rates of links of a simple fabric: one of each source group and each decode rank, one of the cache's memory and one of each prefill rank that reads it. */
export interface Moves {
  readonly bytesPerToken: number;
  readonly bytesPerSequence: number;
  readonly sourcesPerRank: number;
  readonly sourceBandwidth: number;
  readonly sinkBandwidth: number;
  readonly latency: number;
}

export interface Pooled {
  readonly bytesPerToken: number;
  readonly capacity: number;
  readonly blockTokens: number;
  readonly poolBandwidth: number;
  readonly rankBandwidth: number;
  readonly latency: number;
  /** Nodes with a link of their own each; without, one without. */
  readonly nodeBandwidths?: readonly number[] | undefined;
  readonly ttl?: number | undefined;
  readonly readInStep?: boolean | undefined;
  readonly storage?: (Omit<StoragePlant, 'links'> & { readonly bandwidth: number }) | undefined;
}

/** Links of their own for everything that moves. */
export function simpleLinks(
  [prefill, decode]: readonly [PoolPlant, PoolPlant],
  { sourceBandwidth, sinkBandwidth, ...transfer }: Moves,
  cache: Pooled | undefined,
): Pick<Plant, 'transfer' | 'cache' | 'links'> {
  const links: LinkPlant[] = [];
  const link = (name: string, rate: number): number => links.push({ name, rate }) - 1;
  const ends = (name: string, count: number, rate: number): EndPlant[] =>
    Array.from({ length: count }, (_, i) => ({ ports: [link(`${name} ${i}`, rate)], levels: [{ group: 0, link: -1 }] }));
  const prefills = prefill.instances * prefill.ranks;
  const sources = ends('source', prefills * transfer.sourcesPerRank, sourceBandwidth);
  const sinks = ends('sink', decode.instances * decode.ranks, sinkBandwidth);
  if (cache === undefined) return { transfer: { ...transfer, sources, sinks }, links };
  const { poolBandwidth, rankBandwidth, nodeBandwidths, storage, latency, ...sizes } = cache;
  const both = (name: string, rate: number): BothWays => ({ out: [link(`${name} out`, rate)], in: [link(`${name} in`, rate)] });
  return {
    transfer: { ...transfer, sources, sinks },
    cache: {
      ...sizes,
      latency,
      writeLatency: latency,
      storage: storage === undefined ? undefined : { ...storage, links: both('storage', storage.bandwidth) },
      pool: both('pool', poolBandwidth),
      nodes: nodeBandwidths?.map((rate, i) => both(`node ${i}`, rate)) ?? [{ out: [], in: [] }],
      ranks: Array.from({ length: prefills }, (_, i) => both(`rank ${i}`, rankBandwidth)),
    },
    links,
  };
}
