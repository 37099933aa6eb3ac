import { Registry, type Metric } from 'prom-client';
import type { Tally } from './tally.ts';

export type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly metricName: string;
  readonly labels: Labels;
  readonly value: number;
}

/** A family of samples under one name, read when it is asked for. Counters have the name that is scraped, `_total` included. */
export type Family =
  | { readonly kind: 'gauge' | 'counter'; readonly name: string; readonly help: string; readonly read: () => readonly (readonly [Labels, number])[] }
  | { readonly kind: 'histogram'; readonly name: string; readonly help: string; readonly read: () => readonly (readonly [Labels, Tally])[] };

/** Families as a registry of prom-client, which words them. */
export function registryOf(families: readonly Family[]): Registry {
  const registry = new Registry();
  for (const family of families) {
    const { name, help, kind: type } = family;
    const get = (): Promise<object> => Promise.resolve({ name, help, type, aggregator: 'sum', values: samplesOf(family) });
    // Its own classes take one value at a time and keep what they are given; these are read from what the engine has counted.
    registry.registerMetric({ name, help, get } as unknown as Metric);
  }
  return registry;
}

function samplesOf(family: Family): readonly Sample[] {
  const { name } = family;
  if (family.kind !== 'histogram') return family.read().map(([labels, value]) => ({ metricName: name, labels, value }));
  return family.read().flatMap(([labels, { bounds, counts, count, sum }]) => {
    let below = 0;
    const buckets = bounds.map((bound, i): Sample => {
      below += counts[i] as number;
      return { metricName: `${name}_bucket`, labels: { ...labels, le: boundText(bound) }, value: below };
    });
    return [
      ...buckets,
      { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  });
}

/** As Python's client words it: whole numbers with `.0`, which queries that name a bucket rely on. */
function boundText(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}
