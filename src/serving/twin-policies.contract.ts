import type { AdmissionView } from './policies/admission.ts';
import type { Plant } from './plant.ts';
import { cachedUnits, least, queuedTokens, sum, type Rank, type Request } from './twin-state.contract.ts';

/** SCH-13: what tenants have been served, by weight, over all ranks. */
export class NaiveShares {
  readonly served = new Map<number, number>();
  readonly #plant: Plant;
  readonly #ranks: readonly Rank[];

  constructor(plant: Plant, ranks: readonly Rank[]) {
    this.#plant = plant;
    this.#ranks = ranks;
  }

  /** A prompt is about to wait. */
  waits({ tenant }: Request): void {
    const waiting = new Set(this.#ranks.flatMap((rank) => rank.waiting.map((request) => request.tenant)));
    const before = this.served.get(tenant) ?? 0;
    const others = [...waiting].map((other) => this.served.get(other) ?? 0);
    this.served.set(tenant, waiting.has(tenant) || others.length === 0 ? before : Math.max(before, Math.min(...others)));
  }

  charge({ tenant }: Request, tokens: number): void {
    this.served.set(tenant, (this.served.get(tenant) ?? 0) + tokens / (this.#plant.tenants?.[tenant]?.weight ?? 1));
  }
}

/** SCH-9 to SCH-13: who is next on a rank where somebody waits. */
export function nextWaiting(plant: Plant, rank: Rank, now: number, shares: NaiveShares): Request {
  const scheduler = plant.policies?.scheduler ?? 'fcfs';
  const highest = Math.max(...rank.waiting.map(({ priority }) => priority));
  const first = rank.waiting.filter(({ priority }) => priority === highest);
  const fronted = first.find(({ front }) => front);
  const byKey = (key: (request: Request) => number): Request => fronted ?? least(first, (a, b) => key(a) - key(b));
  const deadline = ({ tenant, marks }: Request): number => (marks.arrived ?? 0) + (plant.tenants?.[tenant]?.slo.ttft ?? plant.slo.ttft ?? Infinity);
  switch (scheduler) {
    case 'prompts-first':
      return rank.waiting.length > 128 ? (first[0] as Request) : least(first, (a, b) => cachedTokens(rank, b) - cachedTokens(rank, a));
    case 'shortest-prompt':
      return byKey(({ prompt }) => prompt);
    case 'slo-aware': {
      const open = first.filter((request) => deadline(request) >= now);
      return fronted ?? least(open.length > 0 ? open : first, (a, b) => (deadline(a) === deadline(b) ? 0 : deadline(a) - deadline(b)));
    }
    case 'fair': {
      const served = ({ tenant }: Request): number => shares.served.get(tenant) ?? 0;
      return least(first, (a, b) => served(a) - served(b) || a.tenant - b.tenant);
    }
    case 'fcfs':
    case 'mixed':
      return first[0] as Request;
  }
}

/** Leading tokens of a prompt whose KV a rank has. */
export function cachedTokens(rank: Rank, request: Request): number {
  return cachedUnits(rank, request).length * request.unitTokens;
}

/** ADM-1: what is seen when a request arrives. */
export function seenOnArrival(ranks: readonly Rank[], inFlight: number, promptTokens: number): AdmissionView {
  const rank = least(ranks, (a, b) => queuedTokens(a) - queuedTokens(b));
  return { inFlight, promptTokens, queuedTokens: queuedTokens(rank), secondsPerToken: rank.instance.pace };
}

/** A moving mean of what a prompt token takes on one rank. */
export function paced(pace: number, duration: number, ranks: readonly Rank[]): number {
  const tokens = sum(ranks, ({ chunks }) => sum(chunks, (chunk) => chunk));
  if (tokens === 0) return pace;
  const now = (duration * ranks.length) / tokens;
  return pace === 0 ? now : pace + (now - pace) / 8;
}
