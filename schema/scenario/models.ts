import { chipCount, dieCount, type Machine } from '../../src/catalogue/machine.ts';
import type { Stack } from '../../src/catalogue/stack.ts';
import type { Deployment, ServedModel } from '../../src/serving/scenario.ts';
import type { Workload } from '../../src/serving/traffic/workload.ts';
import { readDeployment } from './deployment.ts';
import { dieGroups } from './die-groups.ts';
import { draftModels } from './draft-models.ts';
import type { ScalingFile, ServedFile } from './file.ts';
import { checkFit } from './fit.ts';
import { readPrecision } from './precision.ts';
import { Problems } from './problems.ts';
import type { ScenarioContext } from './read.ts';

/** A further model with the key that says how many instances it may have. */
export interface OtherModel extends ServedModel {
  readonly autoscale: ScalingFile | undefined;
}

interface Around {
  readonly machine: Machine | undefined;
  readonly stack: Stack | undefined;
  /** Of the first model. */
  readonly deployment: Deployment | undefined;
  readonly workload: Workload | undefined;
  readonly context: ScenarioContext;
  readonly problems: Problems;
}

/** Further models of a scenario file; a list that is too short where some are wrong, with everything that is. */
export async function readModels(list: readonly ServedFile[], around: Around): Promise<readonly OtherModel[]> {
  const { machine, deployment, problems } = around;
  if (list.length > 0 && deployment !== undefined && deployment.kind !== 'merged')
    problems.add('models', 'several models are served by merged instances; the first one has prefill and decode pools');
  const others: OtherModel[] = [];
  for (const [i, file] of list.entries()) {
    const other = await problems.attempt(`models[${i}]`, () => readModel(file, `models[${i}]`, around));
    if (other !== undefined) others.push(other);
  }
  // What the first model alone takes is told of its deployment.
  if (machine === undefined || deployment === undefined || list.length === 0 || others.length < list.length) return others;
  const dies = [deployment, ...others.map((other) => other.deployment)].flatMap(dieGroups).reduce((sum, group) => sum + group.instances * group.dies, 0);
  if (dies > dieCount(machine))
    problems.add('models', `all instances take ${dies / machine.chip.dies} chips from the beginning, ${machine.name} has ${chipCount(machine)}`);
  return others;
}

async function readModel(file: ServedFile, at: string, { machine, stack, workload, context, problems: outer }: Around): Promise<OtherModel> {
  const problems = new Problems(outer.at(at));
  const { model: name } = file;
  if (name === undefined) problems.add('model', 'expected the name of a model in the catalogue or the path of a file, got nothing');
  const model = name === undefined ? undefined : await problems.attempt('model', () => context.model(name, problems.at('model')));
  const precision = await readPrecision(file.precision, { model, machine, stack }, context, problems);
  const drafts = { models: await draftModels(file.deployment, context, problems), precision };
  const deployment = readDeployment(file.deployment ?? {}, { machine, model, problems, drafts });
  if (machine !== undefined && model !== undefined && stack !== undefined && precision !== undefined && deployment !== undefined)
    checkFit({ machine, model, stack, precision, deployment }, workload, problems);
  problems.throwIfAny();
  return { model, precision, deployment, autoscale: file.autoscale } as OtherModel;
}
