import type { Doubt } from '../../base/doubt.ts';
import type { Chip } from '../../catalogue/chip.ts';
import type { Cell } from './cell.ts';
import { numberFormatOf } from './die.ts';

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
 * The nearest calibrated cell of a class: of the chip under the stack; else of a chip of its generation, whose efficiencies it inherits at
 * its own rates; else of the chip under another stack; else of the generation under another. The format counts first: another variant of
 * the same number format may stand in, another number format never does.
 */
export function findCell(cells: readonly Cell[], wanted: Wanted): Found | undefined {
  let best: Cell | undefined;
  let bestScore = 0;
  for (const cell of cells) {
    const score = likeness(cell, wanted);
    if (score > bestScore) {
      best = cell;
      bestScore = score;
    }
  }
  if (best === undefined) return undefined;
  const differs = [
    ...(best.chip === wanted.chip.name ? [] : [`chip ${best.chip}`]),
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

function likeness(cell: Cell, { chip, stack, class: operatorClass, format }: Wanted): number {
  if (cell.class !== operatorClass || numberFormatOf(cell.format) !== numberFormatOf(format)) return 0;
  const sameChip = cell.chip === chip.name;
  if (!sameChip && cell.generation !== chip.generation) return 0;
  const sameStack = cell.stack === stack;
  return (cell.format === format ? 8 : 0) + (sameStack ? 4 : 0) + (sameChip ? 2 : 0) + 1;
}
