import { readCells } from '../../schema/calibration.ts';
import type { Chip } from '../../src/catalogue/chip.ts';
import type { Cell } from '../../src/cost/calibration/cell.ts';

/** Files of calibrated cells by name: those of the chips of one generation. */
export type CellFiles = Readonly<Record<string, unknown>>;

/** Cells of a generation of chips, which are fetched when a machine of it is first priced. */
export interface CellGroup {
  readonly generation: string;
  readonly chips: readonly string[];
  readonly load: () => Promise<CellFiles>;
}

/** The calibrated cells of a page. A chip is priced by those of its own name, of its generation and of the one that it follows; others are not fetched. */
export class Calibration {
  readonly #groups: readonly CellGroup[];
  readonly #read = new Map<string, Promise<readonly NamedCells[]>>();

  constructor(groups: readonly CellGroup[]) {
    this.#groups = groups;
  }

  /** In the order in which all files would have them. @throws where they cannot be fetched */
  async cellsFor({ name, generation, follows }: Pick<Chip, 'name' | 'generation' | 'follows'>): Promise<readonly Cell[]> {
    const groups = this.#groups.filter((group) => group.generation === generation || group.generation === follows || group.chips.includes(name));
    const files = (await Promise.all(groups.map((group) => this.#cells(group)))).flat();
    return files.toSorted((a, b) => (a.file < b.file ? -1 : 1)).flatMap(({ cells }) => cells);
  }

  #cells(group: CellGroup): Promise<readonly NamedCells[]> {
    const before = this.#read.get(group.generation);
    if (before !== undefined) return before;
    const found = group
      .load()
      .then((files) => Object.entries(files).map(([file, value]): NamedCells => ({ file, cells: readCells(value, `data/calibration/${file}`, () => {}) })));
    this.#read.set(group.generation, found);
    // What could not be fetched may be there the next time.
    found.catch(() => this.#read.delete(group.generation));
    return found;
  }
}

interface NamedCells {
  readonly file: string;
  readonly cells: readonly Cell[];
}
