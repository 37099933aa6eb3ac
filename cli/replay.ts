import process from 'node:process';
import { isFrame, readEventLog, type EventLog } from '../schema/events/read-log.ts';
import { linesOf } from '../schema/traces/lines.ts';
import { InputError } from '../src/base/errors.ts';
import { hashOf } from '../src/report/hash.ts';
import { summarise } from '../src/report/summarise.ts';
import type { Summary } from '../src/report/summary.ts';
import type { Run } from '../src/serving/deploy.ts';
import { Replay } from '../src/serving/replay.ts';
import type { Scenario } from '../src/serving/scenario.ts';
import type { RunObserver } from './outputs/outputs.ts';
import { Progress } from './progress.ts';
import { refusal, unread } from './file-problem.ts';
import { existingFile } from './scenario.ts';
import { textOf } from './traces.ts';
import { version } from './version.ts';

/** Records between two looks at the clock. */
const burst = 4096;

/** What running a log again came to. */
export interface Replayed {
  readonly log: EventLog;
  readonly run: Run;
  /** Without intervals. */
  readonly summary: Summary;
  readonly records: number;
  /** Where the run first differs from its log, in words; undefined where nothing does. */
  readonly difference: string | undefined;
  readonly interrupted: boolean;
}

/**
 * Runs a log again, as far as it goes, and compares every record and the summary.
 * @param check throws where the scenario is not one that the command can do with; asked before anything runs
 * @throws InputError where the file is no log, or a damaged one
 */
export async function replay(path: string, observer?: RunObserver, check?: (scenario: Scenario) => void): Promise<Replayed> {
  existingFile(path, 'event log');
  const log = await read(path);
  check?.(log.scenario);
  try {
    return await compared(path, log, observer);
  } catch (error) {
    observer?.abort();
    throw error;
  }
}

async function read(path: string): Promise<EventLog> {
  try {
    return await readEventLog(linesOf(textOf(path)), path);
  } catch (error) {
    if (refusal(error) !== undefined) throw unread(path, error);
    // zlib's own codes are problems of the input as well.
    if (error instanceof RangeError || (error instanceof Error && 'code' in error)) throw new InputError([{ path, message: error.message }]);
    throw error;
  }
}

async function compared(path: string, log: EventLog, observer?: RunObserver): Promise<Replayed> {
  const again = new Replay(log.scenario, log.externals, (event) => observer?.tell(event));
  const { run } = again;
  await observer?.begin(run);
  const progress = new Progress(`replay of ${path}`);
  const interruption = new AbortController();
  const interrupt = (): void => {
    interruption.abort();
  };
  process.once('SIGINT', interrupt);
  let difference: string | undefined;
  let records = 0;
  let number = 0;
  try {
    for await (const line of linesOf(textOf(path))) {
      number++;
      if (isFrame(line)) continue;
      const here = again.next();
      if (here !== line) {
        difference = differenceOf(number, line, here ?? 'nothing is left to happen');
        break;
      }
      if (here.startsWith('{"kind":"external"')) observer?.tellExternal(JSON.parse(here) as EventLog['externals'][number]);
      if (++records % burst > 0) continue;
      progress.update(records / log.end.records);
      await observer?.drain();
      await new Promise((resolve) => setImmediate(resolve));
      if (interruption.signal.aborted) break;
    }
  } finally {
    process.off('SIGINT', interrupt);
    progress.end();
  }
  const interrupted = interruption.signal.aborted;
  if (difference === undefined && !interrupted && !log.end.interrupted) {
    const here = again.next();
    if (here !== undefined) difference = differenceOf(number, 'the end of the run', here);
  }
  const summary = summarise(run, version);
  const comparable = difference === undefined && !interrupted && !log.end.interrupted;
  if (comparable && hashOf(summary) !== log.end.summaryHash) difference = 'all events are equal, but the summary is another one than that of the logged run';
  await observer?.end(run, summary, interrupted);
  return { log, run, summary, records, difference, interrupted };
}

function differenceOf(line: number, logged: string, here: string): string {
  return `the run differs from its log at line ${line}\n  logged: ${logged}\n  here:   ${here}`;
}
