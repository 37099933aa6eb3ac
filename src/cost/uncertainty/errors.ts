import type { Cell, Score } from '../../catalogue/cell.ts';
import type { Check, Difference, SharedSpread, SpreadOfClasses, StandIn, Uncertainty } from '../../catalogue/uncertainty.ts';
import { exp } from '../../kernel/elementary.ts';
import type { Draw } from './draws.ts';
import { errorAt, spreadOfScore } from './spread.ts';

/** What is priced, in the words of cells. */
export interface Priced {
  readonly chip: string;
  readonly stack: string;
  readonly class: string;
  readonly format: string;
}

/** A cell and what it differs in from what it prices. */
export interface Standing {
  readonly cell: Cell;
  readonly differs: readonly Difference[];
  /** Absent: nothing was checked, and no library is known to be common. */
  readonly prices?: Priced | undefined;
}

/** A launch that rates price. */
export interface Rated extends Priced {
  /** By the rates, on the whole die. [s] */
  readonly time: () => number;
}

/** What is a link: a collective of one operation, a kernel of dispatch or combine. */
export type LinkKind = keyof Uncertainty['links'];

/** Errors of the prices of one sample, as factors of times: the same operator on the same cell, or link, has the same one everywhere. */
export interface PriceErrors {
  /** Of an operator that a cell prices. `time`: of the launch by the cell, on the whole die [s]; absent: a short one. */
  operator(name: string, standing: Standing, time?: () => number): number;
  /** Of an operator that rates of the stack price, measured on this generation of chips or assumed. `launch`: absent, nothing was checked. */
  rated(name: string, operatorClass: string, measured: boolean, launch?: Rated): number;
  link(kind: LinkKind, name: string): number;
}

/** The errors that a draw gives. Without an `uncertainty`, cells have their held-out errors and nothing else is off. */
export function priceErrors(uncertainty: Uncertainty | undefined, draw: Draw): PriceErrors {
  const known = new Map<string, number>();
  const keep = (key: string, error: () => number): number => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const made = exp(error());
    known.set(key, made);
    return made;
  };
  const shared = ({ together, apart }: SharedSpread, group: string, own: string): number =>
    errorAt(together, draw(group)) + errorAt(apart, draw(`${group} ${own}`));
  /** Held-out error: one variate, of which the group has a part in common. */
  const heldOut = (score: Score, group: string, own: string): number | undefined => {
    const spread = spreadOfScore(score);
    if (spread === undefined) return undefined;
    const share = uncertainty?.common.share ?? 0;
    return errorAt(spread, Math.sqrt(share) * draw(group) + Math.sqrt(1 - share) * draw(`${group} ${own}`));
  };
  const { checks = [], vendorKernels = [] } = uncertainty ?? {};
  const checkOf = (priced: Priced | undefined, time: () => number): Check | undefined => {
    const check = priced === undefined ? undefined : checks.find((one) => samePlace(one, priced));
    return check !== undefined && time() >= check.from ? check : undefined;
  };
  /** One variate for all launches that a check speaks of: what it shows may be common to them. */
  const checked = (check: Check): number => {
    const group = `check ${check.chip} ${check.stack} ${check.class} ${check.format}`;
    return keep(group, () => errorAt(check, draw(group)));
  };
  const vendors = (cell: Cell, priced: Priced | undefined): boolean =>
    priced !== undefined &&
    vendorKernels.some(
      ({ stacks, classes, formats }) =>
        stacks.includes(cell.stack) && stacks.includes(priced.stack) && classes.includes(cell.class) && formats.includes(cell.format),
    );
  return {
    operator(name, { cell, differs, prices }, time = () => 0) {
      const group = `cell ${cell.chip} ${cell.stack} ${cell.class} ${cell.format}`;
      const check = differs.length === 0 ? undefined : checkOf(prices, time);
      if (check !== undefined) return checked(check);
      return keep(`${group} ${name} ${differs.join(' ')}`, () => {
        const own = differs.length === 0 || uncertainty === undefined ? (heldOut(cell.heldOut, group, name) ?? heldOut(cell.fit, group, name) ?? 0) : 0;
        if (uncertainty === undefined) return own;
        const vendor = vendors(cell, prices);
        const part = (entries: readonly SpreadOfClasses[], operatorClass: string, of: string): number => {
          const entry = spreadFor(entries, operatorClass, vendor);
          return entry === undefined ? 0 : shared(entry, `${group} ${of}`, name);
        };
        // What releases differ by is in what stacks do.
        const release = differs.includes('stack') ? 0 : part(uncertainty.releases, cell.class, 'release');
        return standInsOf(differs).reduce((sum, standIn) => {
          // Another class stands in as that class does; all else as the class of the cell.
          const operatorClass = standIn === 'kernel' ? (prices?.class ?? cell.class) : cell.class;
          return sum + part(uncertainty.standIns[standIn], operatorClass, `other ${standIn}`);
        }, own + release);
      });
    },
    rated(name, operatorClass, measured, launch) {
      const check = launch === undefined ? undefined : checkOf(launch, launch.time);
      if (check !== undefined) return checked(check);
      const time = launch?.time() ?? 0;
      const fitting = uncertainty?.rates.filter((one) => one.measured === measured && time >= (one.from ?? 0)) ?? [];
      const entry = spreadFor(fitting, operatorClass, false);
      if (entry === undefined) return 1;
      return keep(`rates ${operatorClass} ${entry.from ?? 0} ${name}`, () => shared(entry, `rates ${operatorClass}`, name));
    },
    link(kind, name) {
      return keep(`${kind} ${name}`, () => (uncertainty === undefined ? 0 : shared(uncertainty.links[kind], kind, name)));
    },
  };
}

/** Another chip under another stack was measured as one. */
function standInsOf(differs: readonly Difference[]): readonly StandIn[] {
  if (!differs.includes('chip') || !differs.includes('stack')) return differs;
  return ['chip-and-stack', ...differs.filter((difference) => difference !== 'chip' && difference !== 'stack')];
}

function samePlace(one: Priced, other: Priced): boolean {
  return one.chip === other.chip && one.stack === other.stack && one.class === other.class && one.format === other.format;
}

/** The first spread that fits a class. `vendor`: whether the kernels are those of one vendor's library. */
function spreadFor<Entry extends SpreadOfClasses>(entries: readonly Entry[], operatorClass: string, vendor: boolean): Entry | undefined {
  return entries.find((one) => (one.vendor !== true || vendor) && (one.classes === undefined || one.classes.includes(operatorClass)));
}
