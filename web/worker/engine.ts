import { readScenario, type ScenarioContext } from '../../schema/scenario/read.ts';
import { findMachine } from '../../schema/catalogue/machine.ts';
import type { Scenario } from '../../src/serving/scenario.ts';
import { cataloguedOf } from './catalogued.ts';
import type { Calibration } from './calibration.ts';
import { catalogueOf } from './catalogue.ts';
import { contextOf } from './context.ts';
import type { Frame } from '../../src/report/live/frame.ts';
import { openedOf } from '../../src/report/live/opened.ts';
import type { Answers, Ask, AskKind } from './protocol.ts';
import { Session } from './session.ts';
import type { Facts, ScenarioValue } from './shipped.ts';
import type { StepDesk } from './step/step-desk.ts';
import { UserFiles } from './user-files.ts';

/** A scenario as a page has it: the content of its file, and the files that it names. */
export interface Source {
  readonly name: string;
  readonly scenario: ScenarioValue;
  readonly files: readonly { readonly name: string; readonly text: string }[];
}

type Handlers = { readonly [Kind in AskKind]: (ask: Extract<Ask, { ask: Kind }>) => Answers[Kind] | Promise<Answers[Kind]> };

/** The engine behind a page. It answers what is asked, and shows frames of the run that is open; the shell around it owns the clock and the messages. */
export class Engine {
  readonly #facts: Facts;
  readonly #calibration: Calibration;
  readonly #version: string;
  readonly #clock: () => number;
  #session: Session | undefined;
  #steps: StepDesk | undefined;
  /** Ends whole runs. */
  #whole = new AbortController();
  readonly #handlers: Handlers;

  constructor(facts: Facts, calibration: Calibration, version: string, clock: () => number) {
    this.#facts = facts;
    this.#calibration = calibration;
    this.#version = version;
    this.#clock = clock;
    this.#handlers = {
      catalogue: () => cataloguedOf(this.#facts),
      parse: async ({ text, path }) => (await import('../../schema/parse.ts')).parseText(text, path) as ScenarioValue,
      print: async ({ scenario }) => (await import('yaml')).stringify(scenario),
      machine: async ({ name, files }) => findMachine(catalogueOf(this.#facts, await UserFiles.of(files)), name, 'machine'),
      open: async (source) => {
        this.#session = new Session(await this.scenario(source), this.#clock);
        return openedOf(this.#session.run);
      },
      play: ({ speed }) => this.#session?.play(speed),
      pause: () => this.#session?.pause(),
      seek: ({ to }) => this.#session?.seek(to),
      inspect: ({ request }) => this.#session?.inspect(request),
      iterations: ({ seconds }) => this.#session?.iterations(seconds) ?? [],
      fault: ({ fault }) => this.#session?.strike(fault) ?? 0,
      reset: () => this.#session?.reset(),
      simulate: async ({ intervals, ...source }) =>
        (await import('./simulate.ts')).simulate(await this.scenario(source), this.#version, this.#clock, intervals, this.#whole.signal),
      'give-up': () => {
        this.#whole.abort();
        this.#whole = new AbortController();
      },
      pools: async (source) => (await this.#stepDesk()).pools(source),
      step: async (asked) => (await this.#stepDesk()).step(asked),
    };
  }

  /** @throws InputError with everything that is wrong with what was asked */
  async answer(ask: Ask): Promise<unknown> {
    return (this.#handlers[ask.ask] as (ask: Ask) => unknown)(ask);
  }

  /** Whether time moves: frames come until it does not. */
  get moving(): boolean {
    return this.#session?.moving === true;
  }

  /** Lets a slice of time go by. Returns whether it moved. */
  tick(): boolean {
    if (!this.moving) return false;
    this.#session?.tick();
    return true;
  }

  /** Where the run is; undefined where none is open. */
  frame(): Frame | undefined {
    return this.#session?.frame();
  }

  /** Fetched when a page first asks for it. */
  async #stepDesk(): Promise<StepDesk> {
    const { StepDesk } = await import('./step/step-desk.ts');
    return (this.#steps ??= new StepDesk((files) => this.#context(files)));
  }

  /** A checked scenario. @throws InputError */
  async scenario({ name, scenario, files }: Source): Promise<Scenario> {
    const own = await UserFiles.of(files);
    return readScenario(scenario, `${name}.yaml`, this.#context(own));
  }

  #context(files: UserFiles): ScenarioContext {
    return contextOf(catalogueOf(this.#facts, files), files, this.#calibration);
  }
}
