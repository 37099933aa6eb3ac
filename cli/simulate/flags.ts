import { InputError, type Issue } from '../../src/base/errors.ts';
import { given } from '../flags.ts';
import type { FleetFlags } from '../fleet-result.ts';
import { intervalIssues, type IntervalFlags } from '../intervals.ts';

/** Flags of `supernode simulate`. */
export interface SimulateFlags extends FleetFlags, IntervalFlags {
  readonly replay?: string;
}

/** What is run: a scenario, or the one that a log holds. */
export interface Source {
  readonly kind: 'scenario' | 'log';
  readonly path: string;
}

/** What flags are about that not every run has. */
const ofSeedsAndFleets = 'is about seeds and fleets';
const ofFleets = 'is about machines of a fleet';

/** @param fleet whether the file is of one @throws InputError where the flags do not go together, with every one that has nothing to do beside the others. */
export function sourceOf(file: string | undefined, flags: SimulateFlags, fleet: boolean): Source {
  const { replay: log } = flags;
  const issues: Issue[] = [
    ...(log === undefined ? [] : replayIssues(file, flags)),
    ...(fleet ? singleIssues(flags) : flags.findRate === true ? searchIssues(flags) : []),
  ];
  issues.push(...intervalIssues(flags));
  const path = log ?? file;
  if (path === undefined) issues.push({ path: '', message: 'expected a scenario file, or --replay with an event log' });
  if (issues.length > 0 || path === undefined) throw new InputError(issues);
  return { kind: log === undefined ? 'scenario' : 'log', path };
}

function replayIssues(file: string | undefined, flags: SimulateFlags): readonly Issue[] {
  const { findRate: search, trace, requests, seed, seeds, set, slo, calibration } = flags;
  const changes = {
    '--trace': trace,
    '--calibration': calibration,
    '--requests': requests,
    '--seed': seed,
    '--seeds': seeds,
    '--set': set,
    '--slo': slo,
    '--find-rate': search,
  };
  return [
    ...(file === undefined ? [] : [{ path: file, message: 'a log holds its scenario; expected --replay without a scenario file' }]),
    ...given(changes, 'changes the run; expected --replay without it: a log runs again as it is'),
    ...given({ '--threads': flags.threads }, `${ofSeedsAndFleets}; expected it without --replay`),
    ...given({ '--runs': flags.runs }, `${ofFleets}; expected it without --replay`),
  ];
}

/** Flags that are about one machine alone. */
function singleIssues(flags: SimulateFlags): readonly Issue[] {
  const single = {
    '--find-rate': flags.findRate,
    '--seeds': flags.seeds,
    '--samples': flags.samples,
    '--known': flags.known,
    '--trace-out': flags.traceOut,
    '--requests-out': flags.requestsOut,
    '--series-out': flags.seriesOut,
    '--events-out': flags.eventsOut,
  };
  return given(single, 'is about one machine; expected it without a fleet, such as with --set fleet=null');
}

function searchIssues(flags: SimulateFlags): readonly Issue[] {
  const { traceOut, requestsOut, seriesOut, eventsOut } = flags;
  const files = { '--trace-out': traceOut, '--requests-out': requestsOut, '--series-out': seriesOut, '--events-out': eventsOut };
  return [
    ...given({ '--seeds': flags.seeds, '--samples': flags.samples, '--known': flags.known }, 'is about one rate; expected it without --find-rate'),
    ...given({ '--threads': flags.threads }, `${ofSeedsAndFleets}; expected it without --find-rate`),
    ...given({ '--runs': flags.runs }, `${ofFleets}; expected it without --find-rate`),
    ...given(files, 'is about one run; expected it without --find-rate, at the rate that was found'),
  ];
}

/** @throws InputError with every flag that only fleets have a use for; for a scenario that is none */
export function refuseFleetFlags({ seeds, threads, runs }: SimulateFlags): void {
  const issues = [
    ...given({ '--threads': seeds === undefined ? threads : undefined }, `${ofSeedsAndFleets}; expected --seeds as well, or a scenario with a fleet`),
    ...given({ '--runs': runs }, `${ofFleets}; expected a scenario with a fleet`),
  ];
  if (issues.length > 0) throw new InputError(issues);
}
