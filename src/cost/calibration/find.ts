import type { Doubt } from '../../base/doubt.ts';
import type { MeasuredDie } from '../../catalogue/cell.ts';
import type { Chip } from '../../catalogue/chip.ts';
import { ln } from '../../kernel/elementary.ts';
import type { Cell } from './cell.ts';
import { measuredDie, numberFormatOf } from './die.ts';

/** What is to be priced. */
export interface Wanted {
  readonly chip: Chip;
  readonly stack: string;
  readonly class: string;
  /** Format of a cell, as `fp8-block`. */
  readonly format: string;
}

/** A cell that stands for what is wanted, and what is doubtful about that. */
export interface Found {
  readonly cell: Cell;
  /** Undefined where the cell is of this very chip, stack and format. */
  readonly doubt?: Doubt | undefined;
}

/**
 * The nearest calibrated cell of a class: of the chip under the stack; else of a chip of its generation, or of the one that it follows,
 * whose efficiencies it inherits at its own rates; else of the chip under another stack; else of such a chip under another. The format counts
 * first: another variant of the same number format may stand in, another number format never does. Of chips that are as near the one
 * with the die most like its own is taken.
 */
export function findCell(cells: readonly Cell[], wanted: Wanted): Found | undefined {
  const own = measuredDie(wanted.chip);
  let best: Cell | undefined;
  let bestScore = 0;
  let bestDistance = Infinity;
  for (const cell of cells) {
    const score = likeness(cell, wanted);
    if (score === 0 || score < bestScore) continue;
    const distance = distanceOf(own, cell.die);
    if (score === bestScore && !(distance < bestDistance)) continue;
    best = cell;
    bestScore = score;
    bestDistance = distance;
  }
  if (best === undefined) return undefined;
  const differs = [
    ...(best.chip === wanted.chip.name ? [] : [`chip ${best.chip}${best.generation === wanted.chip.generation ? '' : ` of generation ${best.generation}`}`]),
    ...(best.stack === wanted.stack ? [] : [`stack ${best.stack}`]),
    ...(best.format === wanted.format ? [] : [`format ${best.format}`]),
  ];
  if (differs.length === 0) return { cell: best };
  const where = `${wanted.class} in ${wanted.format}`;
  return {
    cell: best,
    doubt: {
      rule: 'inherited-calibration',
      where,
      message: `${where} of ${wanted.chip.name} under ${wanted.stack} is priced by measurements of ${differs.join(', ')}`,
    },
  };
}

/** Cells that can stand for anything on a chip: its own, and those of its generation and of the one that it follows. */
export function cellsOf(cells: readonly Cell[], chip: Chip): readonly Cell[] {
  return cells.filter((cell) => concerns(cell, chip));
}

function concerns({ chip, generation }: Pick<Cell, 'chip' | 'generation'>, wanted: Chip): boolean {
  return chip === wanted.name || generation === wanted.generation || generation === wanted.follows;
}

function likeness(cell: Cell, { chip, stack, class: operatorClass, format }: Wanted): number {
  if (cell.class !== operatorClass || numberFormatOf(cell.format) !== numberFormatOf(format)) return 0;
  if (!concerns(cell, chip)) return 0;
  const sameChip = cell.chip === chip.name;
  const kin = cell.generation === chip.generation;
  const shared = cell.format === format ? exact : sharedParts(cell.format, format);
  return shared + (cell.stack === stack ? 64 : 0) + (sameChip ? 32 : 0) + (sameChip || kin ? 16 : 0);
}

/** More than all else together: a variant of its own comes first. */
const exact = 128;
const mostParts = 8;

/** Parts of the names of two variants that agree, at least the number format: `fp8-block` and `fp8-block-masked` share two. */
function sharedParts(a: string, b: string): number {
  const others = b.split('-');
  const differing = a.split('-').findIndex((part, i) => part !== others[i]);
  return Math.min(mostParts, differing === -1 ? a.split('-').length : differing);
}

/** How far apart two dies are: the sum of |ln| of the ratios of what tells them apart. */
function distanceOf(own: MeasuredDie, other: MeasuredDie | undefined): number {
  if (other === undefined) return Number.MAX_VALUE;
  const apart = (a: number, b: number): number => (a > 0 && b > 0 ? Math.abs(ln(a / b)) : 0);
  return apart(own.cores, other.cores) + apart(own.bandwidth, other.bandwidth) + apart(own.peak, other.peak);
}
