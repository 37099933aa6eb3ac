import process from 'node:process';
import { mergedReport } from '../src/report/merged/report.ts';
import { reportText } from '../src/report/text.ts';
import type { FleetOfMachines, Scenario } from '../src/serving/scenario.ts';
import { interruptedCode } from './drive.ts';
import { driveFleet } from './fleet.ts';
import type { IntervalFlags } from './intervals.ts';
import { commandLine, tell, terminalOptions, wrote } from './output.ts';
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
    }
    tell(wrote(flags), flags.json === true);
  }
  if (interrupted) {
    const { machines } = scenario.fleet;
    const about = `interrupted: ${merged?.fleet.done ?? 0} of ${machines} machines were done`;
    process.stderr.write(`supernode: ${about}${merged === undefined ? '' : ` and are kept in ${kept}; the same command goes on from there`}\n`);
    return interruptedCode;
  }
  return flags.failOnSlo === true && merged !== undefined ? serviceLevelCode(merged.goodput.share) : 0;
}
