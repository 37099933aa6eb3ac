import { fileURLToPath } from 'node:url';
import { readUncertainty } from '../schema/uncertainty.ts';
import type { Uncertainty } from '../src/catalogue/uncertainty.ts';
import { parseFile } from './data.ts';

const file = fileURLToPath(new URL('../data/uncertainty.yaml', import.meta.url));
let shipped: Uncertainty | undefined;

/** What is not known, as it is shipped. */
export function loadUncertainty(): Uncertainty {
  shipped ??= readUncertainty(parseFile(file), 'data/uncertainty.yaml');
  return shipped;
}
