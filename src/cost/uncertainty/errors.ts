import type { Cell, Score } from '../../catalogue/cell.ts';
import type { Difference, SharedSpread, Uncertainty } from '../../catalogue/uncertainty.ts';
import { exp } from '../../kernel/elementary.ts';
import type { Draw } from './draws.ts';
import { errorAt, spreadOfScore } from './spread.ts';

/** A cell and what it differs in from what it prices. */
export interface Standing {
  readonly cell: Cell;
  readonly differs: readonly Difference[];
}

/** What is a link: a collective of one operation, a kernel of dispatch or combine. */
export type LinkKind = keyof Uncertainty['links'];

/** Errors of the prices of one sample, as factors of times: the same operator on the same cell, or link, has the same one everywhere. */
export interface PriceErrors {
  /** Of an operator that a cell prices. */
  operator(name: string, standing: Standing): number;
  /** Of an operator that rates of the stack price, measured on this generation of chips or assumed. */
  rated(name: string, operatorClass: string, measured: boolean): number;
  /** `error`: of the link's own fit, where there is one. */
  link(kind: LinkKind, name: string, error?: Score): number;
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
  return {
    operator(name, { cell, differs }) {
      const group = `cell ${cell.chip} ${cell.stack} ${cell.class} ${cell.format}`;
      return keep(`${group} ${name} ${differs.join(' ')}`, () => {
        if (differs.length === 0) return heldOut(cell.heldOut, group, name) ?? heldOut(cell.fit, group, name) ?? 0;
        if (uncertainty === undefined) return heldOut(cell.heldOut, group, name) ?? 0;
        return differs.reduce((sum, difference) => sum + shared(uncertainty.standIns[difference], `${group} other ${difference}`, name), 0);
      });
    },
    rated(name, operatorClass, measured) {
      const entry = uncertainty?.rates.find((one) => one.measured === measured && (one.classes === undefined || one.classes.includes(operatorClass)));
      return entry === undefined ? 1 : keep(`rates ${operatorClass} ${name}`, () => shared(entry, `rates ${operatorClass}`, name));
    },
    link(kind, name, error) {
      return keep(`${kind} ${name}`, () => {
        const fitted = error === undefined ? undefined : heldOut(error, kind, name);
        return fitted ?? (uncertainty === undefined ? 0 : shared(uncertainty.links[kind], kind, name));
      });
    },
  };
}
