import type { OperatorTable } from '../../schema/tables/read-table.ts';
import type { Chip } from '../../src/catalogue/chip.ts';
import type { Cell } from '../../src/cost/calibration/cell.ts';
import { dataNames } from '../data.ts';

/** How tables name the frameworks of the catalogue. */
const frameworks: Readonly<Record<string, string>> = { sglang: 'sglang', trtllm: 'tensorrt-llm', vllm: 'vllm' };

/** The stack that a table says it ran under, in its column `framework` or in its path. */
export function stackToldBy({ constants, file }: OperatorTable): string | undefined {
  const told = constants.get('framework')?.toLowerCase();
  if (told !== undefined) return frameworks[told];
  const folder = file.split(/[/\\]/).find((part) => /^[a-z]+-\d/.test(part) && frameworks[part.slice(0, part.indexOf('-'))] !== undefined);
  return folder === undefined ? undefined : frameworks[folder.slice(0, folder.indexOf('-'))];
}

/** The stack whose cells of a chip, or else of its generation, price the most of a table's classes. */
export function stackOfCells(tables: readonly OperatorTable[], cells: readonly Cell[], chip: Chip): string | undefined {
  const classes = new Set(tables.flatMap((table) => table.cells.map(({ family, format }) => `${family.class} ${format}`)));
  let best: string | undefined;
  let most = 0;
  for (const stack of dataNames('stacks')) {
    const own = cells.filter((cell) => cell.stack === stack && cell.generation === chip.generation && classes.has(`${cell.class} ${cell.format}`));
    const count = own.length + own.filter((cell) => cell.chip === chip.name).length * 100;
    if (count > most) {
      best = stack;
      most = count;
    }
  }
  return best;
}
