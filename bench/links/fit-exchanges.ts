import type { Exchange, ExchangeCosts, ExchangeOperation } from '../../src/catalogue/library.ts';
import { partsOf, workOf, type ExchangeGroup } from '../../src/network/exchange-load.ts';
import type { ExchangeRow } from './exchange-rows.ts';
import { solve } from './solve.ts';

/** Constants of one operation: times in seconds, shares of the port. */
export interface FittedCosts {
  readonly start: number;
  readonly fill: number;
  readonly rank: number;
  readonly expert: number;
  readonly token: number;
  readonly element: number;
  readonly near: number;
  readonly far?: number | undefined;
  readonly floor?: number | undefined;
}

/** Which constants a kernel has rows to tell. */
export type Term = 'start' | 'fill' | 'rank' | 'expert' | 'token' | 'element' | 'near' | 'far';

/** What is the same for all rows of a fit. */
export interface ExchangeSetting {
  readonly kernel: Pick<Exchange, 'copies' | 'plane' | 'scaleBytes' | 'hidden' | 'combineFormat'>;
  readonly group: Omit<ExchangeGroup, 'ranks'>;
}

const known = (kernel: ExchangeSetting['kernel']): Exchange =>
  ({ ...kernel, measured: { ranks: [2, 2], tokens: [1, 1], experts: 256, port: 1 } }) as unknown as Exchange;

function workFor({ kernel, group }: ExchangeSetting, row: ExchangeRow): ReturnType<typeof workOf> {
  return workOf(known(kernel), row.operation, { ...group, ranks: row.ranks }, { ...row, localExperts: row.experts / row.ranks });
}

/** The constants of one operation, of the terms that are given; others are as in `fixed`. */
export function fitExchange(
  operation: ExchangeOperation,
  rows: readonly { readonly setting: ExchangeSetting; readonly row: ExchangeRow }[],
  terms: readonly Term[],
  options: { readonly fixed?: Partial<FittedCosts>; readonly floors?: readonly number[]; readonly leastStart?: number } = {},
): FittedCosts {
  const own = rows.filter(({ row }) => row.operation === operation);
  const works = own.map(({ setting, row }) => workFor(setting, row));
  const { fixed = {}, floors = [0], leastStart = 0 } = options;
  const base: FittedCosts = { start: 0, fill: 0, rank: 0, expert: 0, token: 0, element: 0, near: 1, ...fixed };
  let best: { readonly costs: FittedCosts; readonly loss: number } | undefined;
  for (const floor of floors) {
    const beyond = own.map(({ row }) => Math.max(0, row.time ** 4 - floor ** 4) ** 0.25);
    const use = own.map((_, i) => i).filter((i) => (beyond[i] ?? 0) > 0.7 * (own[i]?.row.time ?? 0));
    const columns = terms.map((term) =>
      use.map((i) => {
        const work = works[i];
        if (work === undefined) return 0;
        const column = {
          start: 1e-6,
          fill: work.hidden * 1e-9,
          rank: work.ranks * 1e-6,
          expert: work.experts * 1e-6,
          token: work.tokens * 1e-6,
          element: work.elements * 1e-9,
          near: work.near,
          far: work.far,
        };
        return column[term];
      }),
    );
    // What fixed constants account for.
    // Over two planes bytes in the node hide behind those beyond it.
    const near = terms.includes('near') || terms.includes('far') ? Infinity : base.near;
    const far = terms.includes('far') ? Infinity : base.far;
    const rest = use.map((i) => (beyond[i] ?? 0) - sumOf({ ...base, near, far }, works[i]));
    const { coefficients } = solve(
      columns,
      rest.map((value) => Math.max(value, 1e-7)),
      // No payload fills a network port: headers and acknowledgements take a twentieth at least.
      terms.map((term) => (term === 'near' ? 1 : term === 'far' ? 1 / 0.95 : term === 'start' ? leastStart * 1e6 : 0)),
    );
    const scale = { start: 1e-6, fill: 1e-9, rank: 1e-6, expert: 1e-6, token: 1e-6, element: 1e-9 };
    const costs: Record<string, number | undefined> = { ...base, floor: floor > 0 ? floor : undefined };
    terms.forEach((term, i) => {
      const value = coefficients[i] ?? 0;
      costs[term] = term === 'near' || term === 'far' ? Math.min(1, 1 / value) : value * scale[term];
    });
    const found = costs as unknown as FittedCosts;
    const loss = own.reduce((sum, { setting, row }) => sum + Math.abs(errorOf(found, setting, row)), 0);
    if (best === undefined || loss < best.loss) best = { costs: found, loss };
  }
  return best?.costs ?? base;
}

function sumOf(costs: FittedCosts, work: ReturnType<typeof workOf> | undefined): number {
  if (work === undefined) return 0;
  const far = costs.far ?? costs.near;
  return (
    costs.start +
    work.hidden * costs.fill +
    work.ranks * costs.rank +
    work.experts * costs.expert +
    work.tokens * costs.token +
    work.elements * costs.element +
    work.near / costs.near +
    work.far / far
  );
}

const figure = (value: number | undefined): ExchangeCosts['start'] | undefined => (value === undefined ? undefined : { value, kind: 'measured', source: '' });

/** Model over measured, less one. */
export function errorOf(costs: FittedCosts, setting: ExchangeSetting, row: ExchangeRow): number {
  const figures = Object.fromEntries(Object.entries(costs).map(([key, value]) => [key, figure(value as number | undefined)])) as unknown as ExchangeCosts;
  return partsOf(figures, workFor(setting, row), setting.kernel.plane === 'scale-out').time / row.time - 1;
}
