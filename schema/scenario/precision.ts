import type { Machine } from '../../src/catalogue/machine.ts';
import type { Stack } from '../../src/catalogue/stack.ts';
import type { Model, Precision } from '../../src/model/model.ts';
import { statedUnder } from '../../src/model/precision.ts';
import { expertsOf } from './layout.ts';
import type { PrecisionFile } from './file.ts';
import type { Problems } from './problems.ts';
import type { ScenarioContext } from './read.ts';

/** Number formats that a file states for a model, and those of its checkpoint and of the engine in the place of what is left out. */
export async function readPrecision(
  stated: PrecisionFile = {},
  { model, machine, stack }: { readonly model: Model | undefined; readonly machine: Machine | undefined; readonly stack: Stack | undefined },
  context: ScenarioContext,
  problems: Problems,
): Promise<Precision | undefined> {
  if (model === undefined) return undefined;
  if (stated.experts !== undefined && expertsOf(model) === undefined) problems.add('precision.experts', `${model.name} has no experts; leave this out`);
  return await problems.attempt('precision', () =>
    context.precision(model, machine === undefined || stack === undefined ? stated : statedUnder(stated, model, stack, machine.chip)),
  );
}
