import { significant } from '../base/quantity.ts';
import type { Arrivals, Lengths, Workload } from '../serving/traffic/workload.ts';

/** The traffic in words: where it is from, how it arrives, how long its requests are. */
export function trafficText(workload: Workload, arrived: number): string {
  const many = `${whole(arrived)} requests`;
  if (workload.kind === 'generator') {
    const { name, arrivals, input, output } = workload;
    return `${name}: ${many}, ${arrivalText(arrivals)}; ${lengthText(input)} in, ${lengthText(output)} out`;
  }
  const { name, speed, concurrency } = workload;
  const pace = concurrency === undefined ? (speed === 1 ? 'at its own times' : `${significant(speed)} times as fast as recorded`) : `${concurrency} in flight`;
  return `${name}: ${many}, ${pace}`;
}

function arrivalText(arrivals: Arrivals): string {
  switch (arrivals.kind) {
    case 'poisson':
      return `${significant(arrivals.rate)} req/s (Poisson)`;
    case 'gamma':
      return `${significant(arrivals.rate)} req/s (gamma, coefficient of variation ${significant(arrivals.cv)})`;
    case 'closed':
      return `${arrivals.concurrency} in flight`;
  }
}

function lengthText(lengths: Lengths): string {
  switch (lengths.kind) {
    case 'fixed':
      return `${whole(lengths.tokens)} tokens`;
    case 'uniform':
      return `${whole(lengths.min)} to ${whole(lengths.max)} tokens`;
    case 'lognormal':
      return `median ${whole(lengths.median)} tokens`;
    case 'empirical':
      return `median ${significant(medianOf(lengths.share, lengths.tokens))} tokens`;
  }
}

/** Linear in the table. */
function medianOf(share: readonly number[], tokens: readonly number[]): number {
  const above = Math.max(
    1,
    share.findIndex((value) => value >= 0.5),
  );
  const from = share[above - 1] ?? 0;
  const to = share[above] ?? 1;
  const low = tokens[above - 1] ?? 0;
  const high = tokens[above] ?? low;
  return to === from ? high : low + ((high - low) * (0.5 - from)) / (to - from);
}

/** A whole number with its thousands apart. */
function whole(count: number): string {
  return significant(count, Math.max(3, String(count).length));
}
