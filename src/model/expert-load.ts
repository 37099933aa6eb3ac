import { exp, ln } from '../kernel/elementary.ts';
import { stream } from '../kernel/random.ts';

/** Rows that the experts of a die get: pairs of a number of experts and the rows of each; experts without rows are not in it. */
export type ExpertLoads = readonly number[];

/** Tokens that go to experts, which are spread over equal ranks. */
export interface Routing {
  readonly tokens: number;
  /** Experts of each token. */
  readonly perToken: number;
  readonly experts: number;
  readonly ranks: number;
}

/** Rows dealt out as evenly as they can be: few rows hit an expert each. */
export function evenLoads({ tokens, perToken, experts, ranks }: Routing): ExpertLoads {
  const rows = Math.max(1, (tokens * perToken) / ranks);
  const hit = Math.min(experts / ranks, rows);
  return [hit, rows / hit];
}

/** Rows of independent uniform draws: experts that are hit are 1 - (1 - p)^tokens of those on the die, in the mean. */
export function randomLoads({ tokens, perToken, experts, ranks }: Routing): ExpertLoads {
  const rows = (tokens * perToken) / ranks;
  const local = experts / ranks;
  const missed = perToken >= experts ? 0 : exp(tokens * ln(1 - perToken / experts));
  const hit = Math.max(local * (1 - missed), 1e-3);
  return [hit, rows / hit];
}

/** Ranks that are dealt anew before the rows of the hottest are averaged. */
const DEALS = 8;
/** Unequal experts are joined in so many classes of like rows. */
const CLASSES = 8;

/**
 * Rows of the hottest rank where the popularity of experts falls as a bounded power law, p(x) = x^-exponent between 1 and 0.8 tokens
 * (between 0.01 and 2 where there are fewer rows than experts), and experts are dealt to ranks at random. No expert gets a token twice.
 */
export function powerLawLoads({ tokens, perToken, experts, ranks }: Routing, exponent: number): ExpertLoads {
  const total = tokens * perToken;
  const [low, high] = total > experts ? [1, Math.max(1.1, 0.8 * tokens)] : [0.01, 2];
  const power = 1 - exponent;
  const from = exp(power * ln(low));
  const to = exp(power * ln(high));
  const shares = Array.from({ length: experts }, (_, i) => exp(ln((to - from) * ((i + 0.5) / experts) + from) / power));
  const rows = capped(shares, total, tokens).map(Math.round).toReversed();
  const local = Math.floor(experts / ranks);
  return classesOf(ranks === 1 ? rows : hottest(rows, local));
}

/** Ascending shares scaled to a total, none above `most`: what the largest cannot take goes to the others. */
function capped(shares: readonly number[], total: number, most: number): readonly number[] {
  let left = Math.min(total, most * shares.length);
  let weight = shares.reduce((sum, share) => sum + share, 0);
  const rows = [...shares];
  for (let i = shares.length - 1; i >= 0; i--) {
    const share = shares[i] ?? 0;
    rows[i] = Math.min(most, (share * left) / weight);
    left -= rows[i] ?? 0;
    weight -= share;
  }
  return rows;
}

/** The rows of the hottest of equal parts, largest first: the mean over several deals. */
function hottest(rows: readonly number[], local: number): readonly number[] {
  const random = stream(1, 'deal');
  const mean: number[] = Array.from({ length: local }, () => 0);
  const dealt = [...rows];
  for (let deal = 0; deal < DEALS; deal++) {
    for (let i = dealt.length - 1; i > 0; i--) {
      const j = Math.floor(random.uniform() * (i + 1));
      [dealt[i], dealt[j]] = [dealt[j] ?? 0, dealt[i] ?? 0];
    }
    let best: readonly number[] = [];
    let most = -1;
    for (let at = 0; at + local <= dealt.length; at += local) {
      const part = dealt.slice(at, at + local);
      const sum = part.reduce((total, value) => total + value, 0);
      if (sum > most) {
        most = sum;
        best = part;
      }
    }
    [...best].sort((a, b) => b - a).forEach((value, i) => (mean[i] = (mean[i] ?? 0) + value / DEALS));
  }
  return mean;
}

/** Descending rows joined in classes that halve from one to the next, each at its mean. */
function classesOf(rows: readonly number[]): ExpertLoads {
  const loads: number[] = [];
  let at = 0;
  while (at < rows.length && (rows[at] ?? 0) >= 0.5) {
    const last = loads.length / 2 === CLASSES - 1;
    const least = last ? 0.5 : (rows[at] ?? 0) / 2;
    let count = 0;
    let sum = 0;
    for (; at < rows.length && (rows[at] ?? 0) >= Math.max(0.5, least); at++) {
      count++;
      sum += rows[at] ?? 0;
    }
    loads.push(count, sum / count);
  }
  return loads.length === 0 ? [1, 1] : loads;
}

/**
 * Rows of rank 0 where a gate that keeps half of 8 groups of experts is shown evenly spread scores, one expert a group: four choices of a
 * token lie in the first groups, the other four find only zeros and fall on the first four experts.
 */
export function limitedGateLoads({ tokens, perToken, experts, ranks }: Routing): ExpertLoads {
  const half = perToken / 2;
  const kept = experts / 2;
  const here = Math.min(experts / ranks, kept);
  const first = Math.min(half, here);
  const loads = [first, tokens];
  const spread = (tokens * half) / kept;
  const others = here - first;
  if (others > 0) {
    const hit = Math.min(others, others * spread);
    if (hit > 0) loads.push(hit, (others * spread) / hit);
  }
  return loads;
}

/** Whole numbers up to this are kept by a 16-bit float with 8 bits of mantissa. */
const exactTo = 256;

/**
 * Rows of rank 0 where a benchmark spreads fewer tokens than it takes to reach every expert, choice i of token t at (t / tokens + i) times
 * the experts of a choice, and keeps these places as 16-bit floats: above 256 only even experts are hit, above 512 every fourth.
 */
export function roundedPlaceLoads(routing: Routing): ExpertLoads {
  const { tokens, perToken, experts, ranks } = routing;
  const stride = Math.ceil(experts / perToken);
  if (experts <= exactTo || tokens >= stride) return evenLoads(routing);
  const local = experts / ranks;
  const rows = new Map<number, number>();
  for (let token = 0; token < tokens; token++)
    for (let choice = 0; choice < perToken; choice++) {
      const expert = rounded((token * stride) / tokens + choice * stride) % experts;
      if (expert < local) rows.set(expert, (rows.get(expert) ?? 0) + 1);
    }
  return rows.size === 0 ? [1, 1] : classesOf([...rows.values()].sort((a, b) => b - a));
}

/** The whole part of a place that was rounded to 8 bits of mantissa, half to even. */
function rounded(place: number): number {
  let unit = 1;
  while (place >= exactTo * unit) unit *= 2;
  while (unit > 1 / exactTo && place * 2 < exactTo * unit) unit /= 2;
  const units = Math.floor(place / unit);
  const rest = place / unit - units;
  const up = rest > 0.5 || (rest === 0.5 && units % 2 === 1);
  return Math.floor((up ? units + 1 : units) * unit);
}
