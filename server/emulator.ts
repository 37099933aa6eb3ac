import type { Seconds } from '../src/base/units.ts';
import type { Scenario } from '../src/serving/scenario.ts';
import { apiRoutes } from './api/routes.ts';
import { ChatTemplate } from './api/chat-template.ts';
import { shutDown } from './api/delivery.ts';
import { Generator } from './api/generator.ts';
import { PrefixIds } from './api/prefix-ids.ts';
import { ServedModels, type ModelNames } from './api/served-models.ts';
import { Keys } from './http/keys.ts';
import { Routes } from './http/routes.ts';
import { HttpDoor, type AccessRecord, type HttpOptions } from './http/server.ts';
import { LiveEngine } from './live/engine.ts';
import { withoutTraffic } from './live/live-scenario.ts';
import { Pace } from './live/pace.ts';
import type { AnswerSource } from './tokens/answer.ts';
import type { Tokenizer } from './tokens/tokenizer.ts';

export interface EmulatorOptions {
  readonly http: HttpOptions;
  /** Simulated seconds in each second. */
  readonly speed: number;
  /** Latest that a burst may leave behind its instant, by the wall clock; Infinity: however late. */
  readonly lateBound: Seconds;
  /** Whether the traffic of the scenario goes on beside that of clients. */
  readonly background: boolean;
  readonly models: ModelNames;
  readonly keys: readonly string[];
  readonly version: string;
  readonly toolShare: number;
  readonly maxInFlight: number;
  readonly hashSeed?: string | undefined;
  readonly onAccess?: ((record: AccessRecord) => void) | undefined;
  readonly onFault: (error: unknown) => void;
}

/** A deployment that does not exist, behind an API that does. */
export class Emulator {
  readonly engine: LiveEngine;
  readonly generator: Generator;
  readonly models: ServedModels;
  readonly #door: HttpDoor;
  #stopping: Promise<void> | undefined;

  /** @throws InputError where the scenario does not fit */
  constructor(scenario: Scenario, tokenizer: Tokenizer, answers: AnswerSource, options: EmulatorOptions) {
    const served = options.background ? scenario : withoutTraffic(scenario);
    this.engine = new LiveEngine(served, new Pace(options.speed), options.lateBound);
    const { plant } = this.engine.simulation;
    this.models = new ServedModels(served, plant, options.models, Math.floor(Date.now() / 1000));
    const { toolShare, maxInFlight } = options;
    this.generator = new Generator(this.engine, tokenizer, answers, new PrefixIds(plant, options.hashSeed), { seed: scenario.seed, toolShare, maxInFlight });
    const routes = apiRoutes({ generator: this.generator, models: this.models, template: new ChatTemplate(tokenizer), version: options.version });
    this.#door = new HttpDoor(new Routes(routes), new Keys(options.keys), options.http);
    this.#door.onAccess = options.onAccess;
    this.#door.onFault = options.onFault;
  }

  /** Lets time go on and listens. Returns the port. */
  async start(): Promise<number> {
    const port = await this.#door.listen();
    this.engine.start();
    return port;
  }

  /**
   * Takes nothing more in, lets what is in flight finish, and ends what has not by then.
   * @param grace how long it may take to finish [ms]
   */
  stop(grace: number): Promise<void> {
    this.#stopping ??= this.#stop(grace);
    return this.#stopping;
  }

  async #stop(grace: number): Promise<void> {
    this.generator.closing = true;
    this.#door.refuse();
    const until = performance.now() + grace;
    while (this.engine.inFlight > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
    this.engine.stop(shutDown);
    // The last words of streams leave before their sockets do.
    await new Promise((resolve) => setTimeout(resolve, 20));
    this.#door.close();
  }
}
