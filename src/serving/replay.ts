import { createSimulation, type Run } from './deploy.ts';
import { lineOf } from './event-line.ts';
import type { EventSink } from './events.ts';
import { perform, type External } from './external.ts';
import type { Scenario } from './scenario.ts';

/** Runs a logged scenario again with what was done from outside, and tells record by record what happens. */
export class Replay {
  readonly run: Run;
  readonly #externals: readonly External[];
  #done = 0;
  /** Lines of events that have happened, and how many of them were handed out. */
  #lines: string[] = [];
  #handed = 0;

  /**
   * @param externals what was done from outside, in that order
   * @param sink is told of every event
   */
  constructor(scenario: Scenario, externals: readonly External[], sink?: EventSink) {
    this.#externals = externals;
    this.run = createSimulation(scenario, (event) => {
      sink?.(event);
      this.#lines.push(lineOf(event));
    });
  }

  /** The next event, or what is done from outside, as a line of a log; undefined when nothing is left to happen. */
  next(): string | undefined {
    if (this.#handed === this.#lines.length) {
      this.#lines = [];
      this.#handed = 0;
      while (this.#lines.length === 0 && this.#go());
    }
    return this.#lines[this.#handed++];
  }

  /** Lets something happen. Returns whether there was anything. */
  #go(): boolean {
    const { simulation } = this.run;
    const due = this.#externals[this.#done];
    if (due === undefined) return simulation.step();
    if (simulation.nextEventAt <= due.at) {
      simulation.advance(simulation.nextEventAt);
      return true;
    }
    simulation.advance(due.at);
    this.#done++;
    this.#lines.push(lineOf(due));
    perform(simulation, due.action);
    return true;
  }
}
