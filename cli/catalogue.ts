import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Catalogue } from '../schema/catalogue/catalogue.ts';
import { readOverheads, type OverheadProfile } from '../schema/overheads.ts';
import { loadCalibration } from './calibration.ts';
import { dataNames, readData } from './data.ts';
import { loadPowerFacts } from './power.ts';
import { loadUncertainty } from './uncertainty.ts';

const overheads = fileURLToPath(new URL('../data/stacks/overheads.json', import.meta.url));
let shipped: readonly OverheadProfile[] | undefined;

/** Overhead profiles of the engine versions that are shipped. */
function loadOverheads(): readonly OverheadProfile[] {
  if (!existsSync(overheads)) return [];
  shipped ??= readOverheads(JSON.parse(readFileSync(overheads, 'utf8')), 'data/stacks/overheads.json');
  return shipped;
}

/** The facts that are shipped, and the user's files, on disk. */
export const disk: Catalogue = {
  names: dataNames,
  read: readData,
  folderOf: dirname,
  cells: loadCalibration,
  overheads: loadOverheads,
  uncertainty: loadUncertainty,
  power: loadPowerFacts,
};
