import { readScenario, type ScenarioContext } from '../../../schema/scenario/read.ts';
import { scenarioFile } from '../../../schema/scenario/keys.ts';
import { Problems } from '../../../schema/scenario/problems.ts';
import { readShape } from '../../../schema/scenario/shape.ts';
import type { StepFlags } from '../../../schema/step/flags.ts';
import { stepsOf } from '../../../schema/step/of-scenario.ts';
import { readStepFlags, type StepContext } from '../../../schema/step/request.ts';
import { improvementsOf } from '../../../src/cost/improvements.ts';
import { stepPricer } from '../../../src/cost/pricer.ts';
import { stepIntervals } from '../../../src/report/step/intervals.ts';
import { stepData } from '../../../src/report/step/json.ts';
import type { StepData } from '../../../src/report/step/data.ts';
import type { Source } from '../engine.ts';
import { UserFiles, type UserFile } from '../user-files.ts';
import { knobsOf, type PoolKnobs } from './knobs.ts';

/** An iteration that is asked for by the flags of the command line; `whole` with intervals and with what would help. */
export interface StepAsked {
  readonly flags: StepFlags;
  readonly files: readonly UserFile[];
  readonly whole: boolean;
}

type Named = Pick<StepContext, 'machine' | 'model' | 'stack' | 'draftModel'>;

/** Prices single iterations for a page whose sliders move: what a name stands for is looked up once. */
export class StepDesk {
  readonly #context: (files: UserFiles) => ScenarioContext;
  #names = '';
  #found: Promise<Named> | undefined;

  constructor(context: (files: UserFiles) => ScenarioContext) {
    this.#context = context;
  }

  /** The iterations of a scenario's pools, and what may be changed of each. @throws InputError */
  async pools({ name, scenario, files }: Source): Promise<readonly PoolKnobs[]> {
    const own = await UserFiles.of(files);
    const checked = await readScenario(scenario, `${name}.yaml`, this.#context(own));
    const file = readShape(scenarioFile, scenario, new Problems(''));
    return stepsOf(file, checked).map((step) => knobsOf(step, checked));
  }

  /** @throws InputError with every flag that is wrong, and with what does not fit */
  async step({ flags, files, whole }: StepAsked): Promise<StepData> {
    const problems = new Problems('');
    const own = await UserFiles.of(files);
    const texts = new Map(
      [flags.expertLoad, flags.expertPlacement].flatMap((path) => (path === undefined || !own.has(path) ? [] : [[path, own.text(path, path)]])),
    );
    const request = readStepFlags(flags, { ...(await this.#named(flags, files, own)), texts }, problems);
    const { setting, batch } = request;
    return stepData(request, {
      explanation: stepPricer(setting).explain(batch),
      improvements: whole ? improvementsOf(setting, batch) : undefined,
      intervals: whole ? stepIntervals(request, {}) : undefined,
      constants: undefined,
    });
  }

  #named({ machine, model, stack, draftModel }: StepFlags, files: readonly UserFile[], own: UserFiles): Promise<Named> {
    const names = JSON.stringify([machine, model, stack, draftModel, files]);
    if (names !== this.#names || this.#found === undefined) {
      this.#names = names;
      this.#found = this.#find({ machine, model, stack, draftModel }, own);
    }
    return this.#found;
  }

  async #find({ machine, model, stack, draftModel }: { readonly [Key in keyof Named]: string | undefined }, own: UserFiles): Promise<Named> {
    const context = this.#context(own);
    const found = machine === undefined ? undefined : await context.machine(machine, '--machine');
    const stackName = stack ?? found?.stack;
    return {
      machine: found,
      model: model === undefined ? undefined : await context.model(model, '--model'),
      stack: stackName === undefined ? undefined : await context.stack(stackName, '--stack'),
      draftModel: draftModel === undefined ? undefined : await context.model(draftModel, '--draft-model'),
    };
  }
}
