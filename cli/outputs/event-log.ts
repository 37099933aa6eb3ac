import { logHead, type LogEnd } from '../../schema/events/write-log.ts';
import { hashOf } from '../../src/report/hash.ts';
import type { Summary } from '../../src/report/summary.ts';
import { lineOf } from '../../src/serving/event-line.ts';
import type { SimulationEvent } from '../../src/serving/events.ts';
import type { External } from '../../src/serving/external.ts';
import type { Scenario } from '../../src/serving/scenario.ts';
import { version } from '../version.ts';
import { OutputFile } from './file.ts';

/** Endings that an event log may be written with. */
export const logEndings = ['.jsonl', '.jsonl.gz'] as const;

/** The events of a run, a line each, behind the scenario that they are of. */
export class EventLogFile {
  readonly file: OutputFile;
  #records = 0;

  constructor(path: string, scenario: Scenario) {
    this.file = new OutputFile(path);
    for (const line of logHead(scenario, version)) this.file.write(`${line}\n`);
  }

  tell(record: SimulationEvent | External): void {
    this.#records++;
    this.file.write(`${lineOf(record)}\n`);
  }

  drain(): Promise<void> {
    return this.file.drain();
  }

  /** Ends the log, which is not in its place then. @param summary of the run, without its intervals */
  async finish(at: number, summary: Summary, interrupted: boolean): Promise<void> {
    const end: LogEnd = { kind: 'end', at, records: this.#records, interrupted, summaryHash: hashOf(summary) };
    this.file.write(`${JSON.stringify(end)}\n`);
    await this.file.finish();
  }

  /** Ends the log and puts it in its place. */
  async close(at: number, summary: Summary, interrupted: boolean): Promise<void> {
    await this.finish(at, summary, interrupted);
    this.file.place();
  }

  abort(): void {
    this.file.abort();
  }
}
