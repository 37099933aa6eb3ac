import { powerSeries } from '../../src/report/energy/summary.ts';
import { Lives } from '../../src/report/records/life.ts';
import { labelNames, requestColumns, requestRow, type LabelNames } from '../../src/report/records/requests.ts';
import { seriesColumns, seriesRows } from '../../src/report/records/series.ts';
import type { Summary } from '../../src/report/summary.ts';
import type { Run } from '../../src/serving/deploy.ts';
import type { SimulationEvent } from '../../src/serving/events.ts';
import type { External } from '../../src/serving/external.ts';
import { version } from '../version.ts';
import { EventLogFile } from './event-log.ts';
import type { OutputPaths } from './flags.ts';
import { tableFile, type TableFile } from './table-file.ts';
import { TraceFile } from './trace-file.ts';

/** A run as those see it that write it down: told in this order, `drain` now and then. */
export interface RunObserver {
  begin(run: Run): Promise<void>;
  tell(event: SimulationEvent): void;
  /** Something was done from outside. */
  tellExternal(external: External): void;
  drain(): Promise<void>;
  /** @param summary without intervals */
  end(run: Run, summary: Summary, interrupted: boolean): Promise<void>;
  /** The run came to no end. */
  abort(): void;
}

/** Writes the files that flags ask for; undefined where they ask for none. */
export function outputsTo(paths: OutputPaths): RunOutputs | undefined {
  const { trace, requests, series, events } = paths;
  return [trace, requests, series, events].every((path) => path === undefined) ? undefined : new RunOutputs(paths);
}

/** The files that a run leaves. They appear when all of them are whole. */
export class RunOutputs implements RunObserver {
  /** What was written, and what it does not show: for the end of the report. */
  readonly told: string[] = [];
  readonly #paths: OutputPaths;
  readonly #lives = new Lives();
  #names: LabelNames = { tenants: [], models: [] };
  #trace: TraceFile | undefined;
  #requests: TableFile | undefined;
  #series: TableFile | undefined;
  #events: EventLogFile | undefined;

  constructor(paths: OutputPaths) {
    this.#paths = paths;
  }

  async begin(run: Run): Promise<void> {
    const { trace, traceWindow: window, traceRequests, requests, events } = this.#paths;
    if (trace !== undefined) this.#trace = new TraceFile(trace, run, { window, requests: traceRequests });
    this.#names = labelNames(run);
    if (requests !== undefined) this.#requests = await tableFile(requests, requestColumns, aboutOf(run));
    if (events !== undefined) this.#events = new EventLogFile(events, run.scenario);
  }

  tell(event: SimulationEvent): void {
    this.#events?.tell(event);
    this.#trace?.tell(event);
    if (this.#requests === undefined) return;
    const ended = this.#lives.tell(event);
    if (ended !== undefined) this.#requests.row(requestRow(ended, this.#names));
  }

  tellExternal(external: External): void {
    this.#events?.tell(external);
  }

  async drain(): Promise<void> {
    await this.#events?.drain();
    await this.#trace?.drain();
    await this.#requests?.drain();
  }

  async end(run: Run, summary: Summary, interrupted: boolean): Promise<void> {
    try {
      await this.#end(run, summary, interrupted);
    } catch (error) {
      this.abort();
      throw error;
    }
  }

  async #end(run: Run, summary: Summary, interrupted: boolean): Promise<void> {
    const { trace, requests, series, events } = this.#paths;
    const { now } = run.simulation;
    if (this.#requests !== undefined) for (const life of this.#lives.inFlight()) this.#requests.row(requestRow(life, this.#names));
    const { fleet } = run;
    const served = fleet === undefined ? undefined : (pool: number, from: number, to: number): number => fleet.servedSeconds(pool, from, to);
    const table = series === undefined ? undefined : await tableFile(series, seriesColumns(run.deployed.plant), aboutOf(run));
    this.#series = table;
    if (table !== undefined) for (const row of seriesRows(run.deployed.plant, run.simulation.metrics, powerSeries(run), served)) table.row(row);
    const notes = (await this.#trace?.finish(now)) ?? [];
    await this.#requests?.finish();
    await table?.finish();
    await this.#events?.finish(now, summary, interrupted);
    // In one go, when nothing but a name is missing to any.
    for (const written of [this.#trace, this.#requests, table, this.#events]) written?.file.place();
    for (const path of [trace, requests, series, events]) if (path !== undefined) this.told.push(`wrote ${path}`);
    for (const note of notes) this.told.push(`${trace}: ${note}`);
  }

  abort(): void {
    this.#trace?.abort();
    this.#requests?.abort();
    this.#series?.abort();
    this.#events?.abort();
  }
}

/** What a file is of. */
function aboutOf({ scenario }: Run): Readonly<Record<string, string>> {
  return { supernode: version, scenario: scenario.name, seed: String(scenario.seed), units: 'SI: times in s, lengths in tokens' };
}
