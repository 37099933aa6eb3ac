import type { Run } from '../../serving/deploy.ts';
import type { Metrics } from '../../serving/metrics.ts';
import type { Picture } from './frame.ts';
import { deploymentOf, instanceNumbers, spreadOf } from './frames.ts';
import { LinkMeter } from './link-meter.ts';
import type { Recorder } from './recorder.ts';
import { seriesOf } from './series.ts';

/** Requests that ended, in a picture. */
const shownEnded = 40;

/** Shows a run at a moment, whoever lets its time go by. */
export class Watch {
  readonly run: Run;
  readonly recorder: Recorder;
  readonly #meter: LinkMeter;

  /** @param recorder is told of every event of the run */
  constructor(run: Run, recorder: Recorder) {
    this.run = run;
    this.recorder = recorder;
    this.#meter = new LinkMeter(run);
    recorder.numbers = instanceNumbers(run);
  }

  /**
   * @param whole with the series of the run so far, and with where instances are
   * @param metrics those of the run, or a copy that goes on to now
   */
  picture(whole: boolean, metrics: Metrics = this.run.simulation.metrics): Picture {
    const { simulation, faults } = this.run;
    const { links, left } = this.#meter.look(metrics.width);
    const series = whole ? seriesOf(this.run, metrics) : undefined;
    return {
      at: simulation.now,
      done: simulation.done,
      counts: simulation.snapshot(),
      ...deploymentOf(this.run),
      links,
      left,
      flights: this.recorder.takeFlights(),
      faults,
      spread: whole ? spreadOf(this.run) : undefined,
      ended: this.recorder.latest(shownEnded),
      series: series === undefined ? undefined : { ...series, planes: this.#meter.planes(series.count) },
    };
  }
}
