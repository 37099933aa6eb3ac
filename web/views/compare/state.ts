import { signal, type Signal } from '@preact/signals';
import { InputError, type Issue } from '../../../src/base/errors.ts';
import type { Summary } from '../../../src/report/summary.ts';
import { failure, type ScenarioState } from '../../state/scenario.ts';
import { EngineClient } from '../../worker/client.ts';
import type { ScenarioValue } from '../../worker/shipped.ts';
import { atLoad, shortened } from './load.ts';

/** One of those that are compared, and what is known of it so far. */
export interface Entry {
  readonly state: ScenarioState;
  /** At its own load; with intervals as soon as they are drawn. */
  readonly summary?: Summary | undefined;
  /** At parts of its load, in order, its own last. */
  readonly curve: readonly Summary[];
  readonly issues: readonly Issue[];
}

export const entries: Signal<readonly Entry[]> = signal([]);
/** Runs that are done, of those that there are to do. */
export const progress: Signal<{ readonly done: number; readonly all: number } | undefined> = signal(undefined);

/** Parts of the load of each scenario that are run beside its own. */
const shares = [0.1, 0.3, 0.6] as const;

/** Runs of their own need an engine of their own: the one behind the other views goes on playing. */
let line: EngineClient | undefined;
const known = new Map<string, Summary>();
let turn = 0;

interface Job {
  readonly at: number;
  readonly value: ScenarioValue;
  readonly intervals: boolean;
  readonly keep: (entry: Entry, summary: Summary) => Entry;
}

/** Gives up what is under way; what is known stays. */
export function stop(): void {
  turn++;
  if (progress.peek() !== undefined) void line?.ask('give-up');
  progress.value = undefined;
}

/** Runs scenarios, those that were run before from memory: first each as it is, then at parts of its load, then with intervals. */
export async function compare(states: readonly ScenarioState[], whole: boolean): Promise<void> {
  stop();
  const mine = turn;
  line ??= new EngineClient(() => {});
  entries.value = states.map((state) => ({ state, curve: [], issues: [] }));
  const values = states.map(({ value }) => (whole ? value : shortened(value)));
  const at = (make: (value: ScenarioValue, i: number) => readonly Job[]): readonly Job[] => values.flatMap(make);
  const own = (entry: Entry, summary: Summary): Entry => ({ ...entry, summary, curve: [...entry.curve.slice(0, -1), summary] });
  const jobs: readonly Job[] = [
    ...at((value, i) => [{ at: i, value, intervals: false, keep: (entry, summary) => ({ ...entry, summary, curve: [summary] }) }]),
    ...at((value, i) =>
      shares.flatMap((share, k): readonly Job[] => {
        const part = atLoad(value, share);
        return part === undefined
          ? []
          : [{ at: i, value: part, intervals: false, keep: (entry, summary) => ({ ...entry, curve: entry.curve.toSpliced(k, 0, summary) }) }];
      }),
    ),
    ...at((value, i) => [{ at: i, value, intervals: true, keep: own }]),
  ];
  let done = 0;
  for (const job of jobs) {
    progress.value = { done, all: jobs.length };
    const entry = entries.peek()[job.at];
    if (entry === undefined || mine !== turn) return;
    if (entry.issues.length === 0) await run(job, entry.state, mine);
    done++;
  }
  if (mine === turn) progress.value = undefined;
}

async function run({ at, value, intervals, keep }: Job, state: ScenarioState, mine: number): Promise<void> {
  const change = (make: (entry: Entry) => Entry): void => {
    if (mine === turn) entries.value = entries.peek().map((entry, i) => (i === at ? make(entry) : entry));
  };
  try {
    const key = JSON.stringify([value, state.files, intervals]);
    let summary = known.get(key);
    if (summary === undefined) {
      const answer = await (line as EngineClient).ask('simulate', { name: state.name, scenario: value, files: [...state.files], intervals });
      if (answer === undefined) return;
      // What is not a number is null in JSON.
      summary = JSON.parse(answer, (_, one: unknown) => (one === null ? undefined : one)) as Summary;
      known.set(key, summary);
    }
    const found = summary;
    change((entry) => keep(entry, found));
  } catch (error) {
    if (error instanceof InputError) change((entry) => ({ ...entry, issues: error.issues }));
    else failure.value = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}
