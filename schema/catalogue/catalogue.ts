import type { PowerFacts } from '../../src/catalogue/power.ts';
import type { Uncertainty } from '../../src/catalogue/uncertainty.ts';
import type { Cell } from '../../src/cost/calibration/cell.ts';
import type { OverheadProfile } from '../overheads.ts';

export type DataFolder = 'chips' | 'libraries' | 'machines' | 'models' | 'stacks' | 'workloads';

/** A file of facts as it was read: its place and its parsed content. */
export interface DataFile {
  readonly path: string;
  readonly value: unknown;
}

/** Where a shell finds facts: on disk, or among what was shipped to a page and what its user opened there. */
export interface Catalogue {
  /** Names in a folder, sorted. */
  readonly names: (folder: DataFolder) => readonly string[];
  /**
   * A file by its name in the catalogue or by its path, relative to `base`. `at` names the key or flag in errors.
   * @throws InputError when there is neither, or the file is empty or broken
   */
  readonly read: (folder: DataFolder, nameOrPath: string, at: string, base?: string) => DataFile;
  /** Where paths in a file start. */
  readonly folderOf: (path: string) => string;
  readonly cells: () => readonly Cell[];
  readonly overheads: () => readonly OverheadProfile[];
  readonly uncertainty: () => Uncertainty;
  readonly power: () => PowerFacts;
}

/** How errors name a file: as the user typed it when that was a path, by its place in the catalogue otherwise. */
export function shownPath(typed: string, path: string): string {
  return /[/\\]|\.(ya?ml|json)$/.test(typed) ? typed : path;
}
