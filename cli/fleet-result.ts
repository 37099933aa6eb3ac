import process from 'node:process';
import { InputError } from '../src/base/errors.ts';
import { mergedReport } from '../src/report/merged/report.ts';
import { reportText } from '../src/report/text.ts';
import type { FleetOfMachines, Scenario } from '../src/serving/scenario.ts';
import { interruptedCode } from './drive.ts';
import { given } from './flags.ts';
import { driveFleet } from './fleet.ts';
import type { IntervalFlags } from './intervals.ts';
import { commandLine, terminalOptions } from './output.ts';
import type { OutputFlags } from './outputs/flags.ts';
import { writeWhole } from './outputs/whole.ts';
import { typedFlags, type ScenarioFlags } from './scenario.ts';
import { serviceLevelCode } from './service-level.ts';

export interface FleetFlags extends ScenarioFlags, OutputFlags, Pick<IntervalFlags, 'samples' | 'known'> {
  readonly json?: boolean;
  readonly html?: string;
  readonly out?: string;
  readonly findRate?: boolean;
  readonly failOnSlo?: boolean;
  readonly seeds?: number;
  readonly threads?: number;
  /** Folder for machines that are done, until all are. */
  readonly runs?: string;
}

/** Simulates a fleet and prints what it came to. Returns the exit code. */
export async function simulateFleet(file: string, scenario: Scenario & { readonly fleet: FleetOfMachines }, flags: FleetFlags): Promise<number> {
  refuse(flags);
  const { merged, interrupted, kept } = await driveFleet(scenario, flags);
  const typed = ['simulate', file, ...typedFlags(flags), ...(flags.runs === undefined ? [] : ['--runs', flags.runs])];
  if (merged !== undefined) {
    const result = `${JSON.stringify({ schema: 'supernode/fleet/1', interrupted, ...merged }, null, 2)}\n`;
    const report = mergedReport(merged);
    process.stdout.write(flags.json === true ? result : `${reportText(report, terminalOptions())}  ${commandLine(typed)}\n`);
    if (flags.out !== undefined) writeWhole(flags.out, result);
    if (flags.html !== undefined) {
      const { htmlPage } = await import('./report/html.ts');
      writeWhole(flags.html, await htmlPage(report));
      (flags.json === true ? process.stderr : process.stdout).write(`${flags.json === true ? '' : '\n'}wrote ${flags.html}\n`);
    }
  }
  if (interrupted) {
    const { machines } = scenario.fleet;
    const about = `interrupted: ${merged?.fleet.done ?? 0} of ${machines} machines were done`;
    process.stderr.write(`supernode: ${about}${merged === undefined ? '' : ` and are kept in ${kept}; the same command goes on from there`}\n`);
    return interruptedCode;
  }
  return flags.failOnSlo === true && merged !== undefined ? serviceLevelCode(merged.goodput.share) : 0;
}

/** @throws InputError with every flag that is about one machine alone */
function refuse(flags: FleetFlags): void {
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
  const issues = given(single, 'is about one machine; expected it without a fleet, such as with --set fleet=null');
  if (issues.length > 0) throw new InputError(issues);
}
