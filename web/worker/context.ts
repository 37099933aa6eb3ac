import type { Catalogue } from '../../schema/catalogue/catalogue.ts';
import { findMachine } from '../../schema/catalogue/machine.ts';
import { findStack } from '../../schema/catalogue/stack.ts';
import { readModelCard } from '../../schema/model.ts';
import type { ScenarioContext } from '../../schema/scenario/read.ts';
import { readPreset } from '../../schema/traces/preset.ts';
import type { Cell } from '../../src/cost/calibration/cell.ts';
import { precisionOf } from '../../src/model/precision.ts';
import type { Calibration } from './calibration.ts';
import type { UserFiles } from './user-files.ts';

/**
 * How a page finds what a scenario names: among the facts that are shipped and the files that its user opened. A stack comes with the cells that price
 * the machine which was asked for before it.
 */
export function contextOf(catalogue: Catalogue, files: UserFiles, calibration: Calibration): ScenarioContext {
  let cells: Promise<readonly Cell[]> | undefined;
  return {
    machine: (name, at) => {
      const machine = findMachine(catalogue, name, at);
      cells = calibration.cellsFor(machine.chip);
      // Whoever waits for them is told; a scenario that is refused before that is not.
      cells.catch(() => {});
      return machine;
    },
    model: (name, at) => {
      const { path, value } = catalogue.read('models', name, at);
      return readModelCard(value, path, (path.split('/').at(-1) ?? path).replace(/\.(ya?ml|json)$/, '')).model;
    },
    stack: async (name, at) => ({ ...findStack(catalogue, name, at), cells: await cells }),
    text: (path, at) => files.text(path, at),
    precision: precisionOf,
    preset: (name, at) => {
      const { path, value } = catalogue.read('workloads', name, at);
      return readPreset(value, path);
    },
    trace: async (path, format, at) => {
      // Few scenarios have one: the readers are fetched when they are needed.
      const [{ linesOf }, { formatNamed, readTrace }] = await Promise.all([
        import('../../schema/traces/lines.ts'),
        import('../../schema/traces/read-trace.ts'),
      ]);
      const chosen = format === undefined ? undefined : formatNamed(format, 'format');
      return (await readTrace(linesOf(inChunks(files.text(path, at))), path, chosen)).content;
    },
  };
}

const chunk = 2 ** 18;

async function* inChunks(text: string): AsyncGenerator<string, void, undefined> {
  for (let from = 0; from < text.length; from += chunk) yield text.slice(from, from + chunk);
}
