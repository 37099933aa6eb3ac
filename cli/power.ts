import { fileURLToPath } from 'node:url';
import { readPowerFacts } from '../schema/power.ts';
import type { PowerFacts } from '../src/catalogue/power.ts';
import { parseFile } from './data.ts';

const file = fileURLToPath(new URL('../data/power.yaml', import.meta.url));
let shipped: PowerFacts | undefined;

/** What activity draws and what owning takes, as it is shipped. */
export function loadPowerFacts(): PowerFacts {
  shipped ??= readPowerFacts(parseFile(file), 'data/power.yaml');
  return shipped;
}
