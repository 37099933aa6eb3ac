import type { Machine } from '../../src/catalogue/machine.ts';
import type { Stack } from '../../src/catalogue/stack.ts';
import { cellsOf } from '../../src/cost/calibration/find.ts';
import type { Model, Precision } from '../../src/model/model.ts';
import type { PoliciesPlant } from '../../src/serving/plant.ts';
import type { Scenario } from '../../src/serving/scenario.ts';
import type { Workload } from '../../src/serving/traffic/workload.ts';
import { draftModels } from './draft-models.ts';
import { readControl } from './control.ts';
import { readBalance } from '../experts/balance.ts';
import { filesOf } from '../experts/load.ts';
import { readDeployment } from './deployment.ts';
import { checkRecovery, readFaults } from './faults.ts';
import type { PrecisionFile, ScenarioFile } from './file.ts';
import { scenarioFile } from './keys.ts';
import { checkFit } from './fit.ts';
import { readFleet } from './fleet.ts';
import { readModels } from './models.ts';
import { readPrecision } from './precision.ts';
import { Problems } from './problems.ts';
import { schedulerOf } from './schedulers.ts';
import { readShape } from './shape.ts';
import type { WorkloadSources } from './workload.ts';
import { readWorkload } from './workload.ts';

/** How the shell finds what a scenario names. Each throws InputError at `at` for what is not there. */
export interface ScenarioContext extends WorkloadSources {
  readonly machine: (nameOrPath: string, at: string) => Machine | Promise<Machine>;
  readonly model: (nameOrPath: string, at: string) => Model | Promise<Model>;
  readonly stack: (nameOrPath: string, at: string) => Stack | Promise<Stack>;
  /** The text of a file beside the scenario. */
  readonly text: (path: string, at: string) => string | Promise<string>;
  /** Number formats of a model as published, with those that the scenario states over them. */
  readonly precision: (model: Model, stated: PrecisionFile) => Precision;
}

/** The policies of a scenario: what the file does not say is decided as plants without policies do. */
function policiesOf({ policies }: ScenarioFile): PoliciesPlant {
  const { router, admission } = policies ?? {};
  const scheduler = policies?.scheduler === undefined ? undefined : schedulerOf(policies.scheduler);
  if (admission === undefined) return { router, scheduler };
  return { router, scheduler, admission: { inFlight: admission['in-flight'], queuedTokens: admission['queued-tokens'], ttft: admission.ttft } };
}

/** Deadlines are those of first tokens. */
function checkDeadlines({ policies, slo, workload }: ScenarioFile, problems: Problems): void {
  const objectives = [slo, ...(workload?.tenants ?? []).map((tenant) => tenant.slo)];
  if (policies?.scheduler === 'slo-aware' && !problems.covers('slo.ttft') && objectives.every((one) => one?.ttft === undefined))
    problems.add('policies.scheduler', 'slo-aware serves whose first token is due first; expected slo with ttft');
}

/** Policies that nothing would come of. */
function checkIdlePolicies({ policies, workload }: ScenarioFile, traffic: Workload | undefined, problems: Problems): void {
  const { scheduler, admission } = policies ?? {};
  const traced = traffic?.kind === 'trace' && traffic.columns.labels?.tenant !== undefined;
  if (scheduler === 'fair' && traffic !== undefined && workload?.tenants === undefined && !traced)
    problems.add('policies.scheduler', 'fair shares among tenants, and the traffic has none; expected workload.tenants');
  if (admission !== undefined && Object.keys(admission).length === 0 && !problems.covers('policies.admission'))
    problems.add('policies.admission', 'expected any of in-flight, queued-tokens, ttft, got none');
}

type Named = 'machine' | 'model';

async function found<T>(file: ScenarioFile, key: Named, find: (nameOrPath: string, at: string) => T | Promise<T>, problems: Problems): Promise<T | undefined> {
  const name = file[key];
  if (name !== undefined) return problems.attempt(key, () => find(name, problems.at(key)));
  if (!problems.covers(key)) problems.add(key, `expected the name of a ${key} in the catalogue or the path of a file, got nothing`);
  return undefined;
}

function controlled({ control, models = [] }: ScenarioFile): boolean {
  return control !== undefined || models.some(({ autoscale }) => autoscale !== undefined);
}

/** Models that traffic asks for and nobody serves. */
function checkModels(workload: Workload, count: number, problems: Problems): void {
  const check = (place: string, model: number): void => {
    if (model >= count) problems.add(place, `${count === 1 ? 'one model is served: expected 0' : `${count} models are served, numbered from 0`}; got ${model}`);
  };
  const of = (list: readonly { readonly model?: number | undefined }[] = [], at: string): void =>
    list.forEach(({ model = 0 }, i) => check(`${at}[${i}].model`, model));
  const tenants = 'mix' in workload ? workload.mix?.tenants : undefined;
  of(tenants, 'workload.tenants');
  if (workload.kind === 'generator') of(workload.phases, 'workload.phases');
  // Tenants of the file stand over those of the trace, with their models.
  if (workload.kind === 'trace' && (tenants ?? []).length === 0)
    check('workload.trace', workload.columns.labels?.model?.reduce((most, one) => Math.max(most, one), 0) ?? 0);
}

/** Files that loads of experts name. */
async function loadTexts({ deployment, workload }: ScenarioFile, context: ScenarioContext, problems: Problems): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for (const pool of ['prefill', 'decode', 'merged'] as const)
    for (const path of filesOf(deployment?.[pool]?.experts?.load)) {
      const at = `deployment.${pool}.experts.load`;
      const text = await problems.attempt(at, () => context.text(path, problems.at(at)));
      if (text !== undefined) texts.set(path, text);
    }
  const counts = workload?.experts?.counts;
  if (counts !== undefined) {
    const at = 'workload.experts.counts';
    const text = await problems.attempt(at, () => context.text(counts, problems.at(at)));
    if (text !== undefined) texts.set(counts, text);
  }
  return texts;
}

/**
 * A scenario from the content of its file. `path` names the file in errors.
 * @throws InputError with everything that is wrong, contradictions and what does not fit included.
 */
export async function readScenario(value: unknown, path: string, context: ScenarioContext): Promise<Scenario> {
  const problems = new Problems(path);
  const file = readShape(scenarioFile, value, problems);
  const { seed = 1, slo = {} } = file;
  const machine = await found(file, 'machine', context.machine, problems);
  const model = await found(file, 'model', context.model, problems);
  const stackName = file.stack ?? machine?.stack;
  // A machine may name one that nobody knows.
  const stackAt = file.stack === undefined ? 'machine' : 'stack';
  const whole = stackName === undefined ? undefined : await problems.attempt(stackAt, () => context.stack(stackName, problems.at(stackAt)));
  // A scenario is what decides its results: cells of chips that have no part in it are not in it.
  const stack = whole?.cells === undefined || machine === undefined ? whole : { ...whole, cells: cellsOf(whole.cells, machine.chip) };
  const precision = await readPrecision(file.precision, { model, machine, stack }, context, problems);
  for (const key of ['deployment', 'workload'] as const)
    if (file[key] === undefined && !problems.covers(key)) problems.add(key, `expected a ${key}, got nothing`);
  const drafts = { models: await draftModels(file.deployment, context, problems), precision };
  const texts = await loadTexts(file, context, problems);
  const laid = file.deployment === undefined ? undefined : readDeployment(file.deployment, { machine, model, problems, drafts, texts });
  const { deployment, experts } =
    file.deployment === undefined || laid === undefined
      ? { deployment: laid, experts: undefined }
      : readBalance(file.deployment, file.workload?.experts, laid, { machine, model, texts, problems });
  const workload = file.workload === undefined ? undefined : await readWorkload(file.workload, model, seed, context, problems);
  const others = await readModels(file.models ?? [], { machine, stack, deployment, workload, context, problems });
  const control =
    controlled(file) && machine !== undefined && deployment !== undefined
      ? readControl(file.control ?? {}, { deployment, others, machine, slo, problems })
      : undefined;
  checkRecovery(file.recovery ?? {}, problems);
  checkDeadlines(file, problems);
  checkIdlePolicies(file, workload, problems);
  const stated = file.faults !== undefined || file.recovery !== undefined;
  const faults = !stated || machine === undefined ? undefined : readFaults(file.faults ?? [], file.recovery ?? {}, machine, problems, control?.weights);
  if (machine !== undefined && model !== undefined && stack !== undefined && precision !== undefined && deployment !== undefined)
    checkFit({ machine, model, stack, precision, deployment }, workload, problems);
  const fleet = file.fleet === undefined ? undefined : readFleet(file.fleet, workload, faults, problems);
  if (workload !== undefined && !problems.covers('models')) checkModels(workload, 1 + (file.models ?? []).length, problems);
  problems.throwIfAny();
  const name = file.name ?? (path.split(/[/\\]/).at(-1) ?? path).replace(/\.(ya?ml|json)$/, '');
  const served =
    others.length === 0
      ? undefined
      : others.map(({ model: one, precision: formats, deployment: pools }) => ({ model: one, precision: formats, deployment: pools }));
  return {
    name,
    machine,
    model,
    stack,
    precision,
    deployment,
    others: served,
    policies: policiesOf(file),
    faults,
    control,
    experts,
    workload,
    fleet,
    slo,
    seed,
  } as Scenario;
}
