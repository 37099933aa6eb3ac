import { QUANTILE_ERROR, type Sketch } from '../kernel/sketch.ts';
import type { TenantPlant } from '../serving/plant.ts';
import type { ServiceLevel } from '../serving/scenario.ts';
import { tenantsApart, type TenantMeter, type TenantMeters } from '../serving/tenant-meter.ts';
import type { Block, Section } from './block.ts';
import { columns, row } from './cells.ts';
import type { Summary } from './summary.ts';
import { count, percent, plain, quantity } from './wording.ts';

/** What the requests of one tenant got in the window. */
export interface TenantSummary {
  readonly name: string;
  readonly weight: number;
  /** Its objectives: its own over those of all. [s] */
  readonly slo: ServiceLevel;
  readonly arrived: number;
  readonly finished: number;
  readonly rejected: number;
  readonly failed: number;
  /** Of those that finished: prompt tokens, cached ones included, and tokens put out. [1/s] */
  readonly inputTokensPerSecond: number;
  readonly outputTokensPerSecond: number;
  /** [s] */
  readonly ttft: { readonly p50: number; readonly p99: number };
  readonly tpot: { readonly p50: number; readonly p99: number };
  /** Requests within its objectives: per second, and of those that ended. */
  readonly goodput: number;
  readonly goodShare: number;
  /** Of all service, in which an output token counts two prompt tokens, as fair scheduling has it. */
  readonly serviceShare: number;
}

export interface TenantsSummary {
  readonly each: readonly TenantSummary[];
  /** Jain's index, (sum of x)^2 / (n times the sum of x^2): of service by weight, and of the share of requests within objectives. 1 is equal. */
  readonly fairness: { readonly service: number; readonly goodput: number };
  /** Relative error of every quantile. */
  readonly quantileError: number;
}

/** @param length of the window [s] */
export function tenantsSummary(tenants: readonly TenantPlant[], { meters }: TenantMeters, slo: ServiceLevel, length: number): TenantsSummary | undefined {
  if (tenants.length === 0) return undefined;
  const own = tenants.slice(0, tenantsApart);
  const others = tenants.slice(tenantsApart);
  const all: readonly TenantPlant[] =
    others.length === 0 ? own : [...own, { name: `${others.length} others`, weight: others.reduce((sum, { weight }) => sum + weight, 0), slo: {} }];
  const serviceOf = (t: number): number => (meters[t]?.inputTokens ?? 0) + 2 * (meters[t]?.outputTokens ?? 0);
  const total = all.reduce((sum, _, t) => sum + serviceOf(t), 0);
  const rate = (events: number): number => (length > 0 ? events / length : 0);
  const each = all.map(({ name, weight, slo: ownSlo }, t): TenantSummary => {
    const meter = meters[t];
    const { arrived = 0, finished = 0, rejected = 0, failed = 0, good = 0 } = meter ?? {};
    const ended = finished + rejected + failed;
    return {
      name,
      weight,
      slo: { ...slo, ...ownSlo },
      arrived,
      finished,
      rejected,
      failed,
      inputTokensPerSecond: rate(meter?.inputTokens ?? 0),
      outputTokensPerSecond: rate(meter?.outputTokens ?? 0),
      ttft: quantilesOf(meter?.ttft),
      tpot: quantilesOf(meter?.tpot),
      goodput: rate(good),
      goodShare: ended === 0 ? 0 : good / ended,
      serviceShare: total === 0 ? 0 : serviceOf(t) / total,
    };
  });
  const fairness = { service: jain(all.map(({ weight }, t) => serviceOf(t) / weight)), goodput: jain(each.map(({ goodShare }) => goodShare)) };
  return { each, fairness, quantileError: QUANTILE_ERROR };
}

function quantilesOf(sketch: TenantMeter['ttft'] | undefined): TenantSummary['ttft'] {
  const at = (of: Sketch, q: number): number => (of.count === 0 ? 0 : of.quantile(q));
  return sketch === undefined ? { p50: 0, p99: 0 } : { p50: at(sketch, 0.5), p99: at(sketch, 0.99) };
}

/** Jain, Chiu and Hawe, DEC TR-301 (1984); 1 where nobody has anything. */
export function jain(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  const squares = values.reduce((total, value) => total + value * value, 0);
  return squares === 0 ? 1 : (sum * sum) / (values.length * squares);
}

/** Who got what; undefined where nobody is named. */
export function tenantSection({ tenants }: Summary): Section | undefined {
  if (tenants === undefined) return undefined;
  const { each, fairness } = tenants;
  const time = (finished: number, value: number): string => quantity(finished === 0 ? undefined : value, 's');
  const limit = (value: number | undefined): string => (value === undefined ? '' : ` ≤ ${quantity(value, 's')}`);
  const blocks: Block[] = [
    {
      kind: 'table',
      caption: 'Tenants: what they asked for and what they got in the steady window',
      columns: columns(['', 'finished', 'turned away', 'input', 'output', 'of the service']),
      rows: each.map((one) =>
        row(
          one.name,
          count(one.finished, 'request'),
          count(one.rejected + one.failed, 'request'),
          quantity(one.inputTokensPerSecond, 'tok/s'),
          quantity(one.outputTokensPerSecond, 'tok/s'),
          percent(one.serviceShare),
        ),
      ),
    },
    {
      kind: 'table',
      caption: 'Tenants: latency, and requests within the objectives of each',
      columns: columns(['', 'TTFT p50', 'p99', 'TPOT p50', 'p99', 'within', 'goodput']),
      rows: each.map((one) =>
        row(
          one.name,
          time(one.finished, one.ttft.p50),
          `${time(one.finished, one.ttft.p99)}${limit(one.slo.ttft)}`,
          time(one.finished, one.tpot.p50),
          `${time(one.finished, one.tpot.p99)}${limit(one.slo.tpot)}`,
          percent(one.goodShare),
          quantity(one.goodput, 'req/s'),
        ),
      ),
    },
    {
      kind: 'sentences',
      tone: 'plain',
      lines: [
        `Fairness (Jain's index, 1 where all have the same): ${plain(fairness.service, '').trim()} of service by weight, ${plain(fairness.goodput, '').trim()} of the share of requests within objectives. An output token counts as two prompt tokens of service.`,
      ],
    },
  ];
  return { title: 'Tenants', blocks };
}
