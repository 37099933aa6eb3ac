import { unreachable } from '../base/errors.ts';
import { formatTime, significant } from '../base/quantity.ts';
import { meanRate } from '../serving/traffic/client-pool.ts';
import type { SessionSupply } from '../serving/traffic/session.ts';
import type { Arrivals, Lengths, Phase, Workload } from '../serving/traffic/workload.ts';

/** The traffic in words: where it is from, how it arrives, how long its requests are. */
export function trafficText(workload: Workload, arrived: number): string {
  const many = `${whole(arrived)} requests`;
  const { name } = workload;
  switch (workload.kind) {
    case 'generator': {
      const { arrivals, input, output, phases } = workload;
      if (phases !== undefined) return `${name}: ${many}, ${phases.map(phaseText).join('; ')}`;
      return `${name}: ${many}, ${arrivalText(arrivals)}; ${lengthText(input)} in, ${lengthText(output)} out`;
    }
    case 'trace': {
      const { speed, concurrency } = workload;
      const pace =
        concurrency === undefined ? (speed === 1 ? 'at its own times' : `${significant(speed)} times as fast as recorded`) : `${concurrency} in flight`;
      return `${name}: ${many}, ${pace}`;
    }
    case 'sessions':
      return `${name}: ${many} of sessions, ${sessionText(workload.arrivals)}${workload.maxThink === Infinity ? '' : `, think times of at most ${formatTime(workload.maxThink)}`}${leftOutText(workload.supply)}`;
    case 'client-pool': {
      const { pool, scale } = workload;
      return `${name}: ${many} of ${pool.clients.length} clients, ${significant(scale * meanRate(pool))} req/s over their whole time${pool.note === '' ? '' : `; ${pool.note}`}`;
    }
    default:
      return unreachable(workload);
  }
}

function phaseText({ duration, rate, input, output }: Phase): string {
  return `${formatTime(duration)} at ${significant(rate)} req/s, ${lengthText(input)} in, ${lengthText(output)} out`;
}

function sessionText(arrivals: Arrivals): string {
  return arrivals.kind === 'closed' ? `${arrivals.concurrency} at a time` : `${significant(arrivals.rate)} /s of them`;
}

function leftOutText(supply: SessionSupply): string {
  return supply.kind === 'recorded' && supply.leftOut > 0 ? `; ${supply.leftOut} requests of the trace put out nothing and are left out` : '';
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
