import { sharedPricers } from '../../src/cost/shared-pricers.ts';
import { createSimulation, type Run } from '../../src/serving/deploy.ts';
import { act, perform, type External, type ExternalAction } from '../../src/serving/external.ts';
import { outsideFaults, type OutsideFault } from '../../src/serving/faults/outside.ts';
import { Replay } from '../../src/serving/replay.ts';
import type { Scenario } from '../../src/serving/scenario.ts';
import type { Frame, StepRecord } from '../../src/report/live/frame.ts';
import { Recorder } from '../../src/report/live/recorder.ts';
import { Watch } from '../../src/report/live/watch.ts';
import type { Life } from '../../src/report/records/life.ts';

/** How long the engine runs before it shows a frame and looks for messages: as it plays, and on its way to a time. [ms] */
const slice = 12;
const seekingSlice = 50;
/** Times at which a run stands between events are multiples of a second's this part: what is done by hand then has a time that is short to write. */
const grid = 10_000;
/** Between two series that are shown. [ms] */
const seriesEvery = 250;

/** One run as a page plays it: paced by the wall clock, shown frame by frame, and computed anew where it has to go back. */
export class Session {
  readonly #scenario: Scenario;
  readonly #clock: () => number;
  readonly #pricers = sharedPricers(8);
  readonly #faultOf: ReturnType<typeof outsideFaults>;
  #watch: Watch;
  /** What was done from outside, in order of time, and how much of it the run has come by. */
  #externals: readonly External[] = [];
  #done = 0;
  #speed = 1;
  #playing = false;
  #late = false;
  /** A time that was asked for and is not reached. */
  #goal: number | undefined;
  /** Simulated and wall time at which this pace began. [s], [ms] */
  #from: { readonly at: number; readonly wall: number } = { at: 0, wall: 0 };
  #shownSeries = -Infinity;

  /** @param clock wall time [ms] */
  constructor(scenario: Scenario, clock: () => number) {
    this.#scenario = scenario;
    this.#faultOf = outsideFaults(scenario.machine);
    this.#clock = clock;
    this.#watch = this.#begin();
  }

  get run(): Run {
    return this.#watch.run;
  }

  /** Whether time has to move: call `tick` again soon. */
  get moving(): boolean {
    return this.#goal !== undefined || (this.#playing && !this.run.simulation.done);
  }

  play(speed: number = this.#speed): void {
    if (this.run.simulation.done) this.seek(0);
    this.#speed = speed;
    this.#playing = true;
    this.#pace();
  }

  pause(): void {
    this.#playing = false;
  }

  /** Goes to a simulated time: on, or back to the beginning and on from there. */
  seek(to: number): void {
    if (to < this.run.simulation.now || to === 0) this.#watch = this.#begin();
    this.#goal = to;
    this.#shownSeries = -Infinity;
  }

  /** Lets a slice of time go by. */
  tick(): void {
    const { simulation } = this.run;
    const deadline = this.#clock() + (this.#goal === undefined ? slice : seekingSlice);
    const wanted = this.#goal ?? (this.#playing ? this.#from.at + ((this.#clock() - this.#from.wall) / 1000) * this.#speed : -Infinity);
    const goal = Math.round(wanted * grid) / grid;
    // From event to event and not past the last one: the end of the run is when that was.
    let reached = true;
    while (this.#next(goal)) {
      if (this.#clock() < deadline) continue;
      reached = false;
      break;
    }
    if (reached && !simulation.done && goal > simulation.now && goal < Infinity) simulation.advance(goal);
    if (this.#goal !== undefined && reached) {
      this.#goal = undefined;
      this.#pace();
    }
    this.#late = this.#goal === undefined && !reached;
    if (this.#late) this.#pace();
    if (simulation.done) this.#playing = false;
  }

  /** Lets the next thing happen, if it does by then: an event, or what was done from outside. */
  #next(goal: number): boolean {
    const { simulation } = this.run;
    const external = this.#externals[this.#done];
    const at = Math.min(simulation.nextEventAt, external?.at ?? Infinity);
    if (at > goal || at === Infinity) return false;
    simulation.advance(at);
    if (external === undefined || simulation.nextEventAt <= external.at) return true;
    if (at < external.at) return true;
    perform(simulation, external.action);
    this.#done++;
    return true;
  }

  frame(): Frame {
    const wall = this.#clock();
    const due = wall - this.#shownSeries >= seriesEvery || !this.moving;
    if (due) this.#shownSeries = wall;
    return {
      ...this.#watch.picture(due),
      playing: this.#playing,
      speed: this.#speed,
      late: this.#late,
      seeking: this.#goal !== undefined,
    };
  }

  /** Where the time of a request went. One that ended long ago is found by running to there again. */
  inspect(request: number): Life | undefined {
    return this.#watch.recorder.life(request) ?? this.#again(request);
  }

  /** Iterations of the last so many seconds. */
  iterations(seconds: number): readonly StepRecord[] {
    return this.#watch.recorder.iterations(this.run.simulation.now - seconds);
  }

  /**
   * Makes a part fail now. It fails again whenever the run comes by here anew. Returns the simulated time.
   * @throws InputError for a part that is not there
   */
  strike(fault: OutsideFault): number {
    const { simulation } = this.run;
    const { duration, ...planned } = this.#faultOf(fault, simulation.now);
    const action: ExternalAction = { kind: 'fault', fault: { ...planned, ...(duration === Infinity ? {} : { duration }) } };
    const external: External = { kind: 'external', at: simulation.now, action };
    act(simulation, action);
    this.#externals = [...this.#externals.slice(0, this.#done), external, ...this.#externals.slice(this.#done)];
    this.#done++;
    // What is due now is that it comes: it is seen at once, playing or not.
    simulation.advance(simulation.now);
    return external.at;
  }

  /** Takes back all that was done by hand, and begins anew. */
  reset(): void {
    this.#externals = [];
    this.seek(0);
  }

  #begin(): Watch {
    const recorder = new Recorder();
    this.#done = 0;
    return new Watch(
      createSimulation(this.#scenario, (event) => recorder.tell(event), this.#pricers),
      recorder,
    );
  }

  #again(request: number): Life | undefined {
    const { now } = this.run.simulation;
    if (request >= this.run.simulation.snapshot().arrived) return undefined;
    const recorder = new Recorder((other) => other === request);
    const replay = new Replay(this.#scenario, this.#externals.slice(0, this.#done), (event) => recorder.tell(event));
    while (replay.run.simulation.nextEventAt <= now && replay.next() !== undefined);
    return recorder.life(request);
  }

  #pace(): void {
    this.#from = { at: this.run.simulation.now, wall: this.#clock() };
  }
}
