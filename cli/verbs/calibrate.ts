import process from 'node:process';
import { Command } from 'commander';
import { writeCells } from '../../schema/calibration.ts';
import { reportText } from '../../src/report/text.ts';
import { calibrationAsJson, calibrationReport } from '../calibrate/calibrated.ts';
import { refit } from '../calibrate/refit.ts';
import { chipTyped, readTables, tablesTyped } from '../calibrate/request.ts';
import { noneFitted, unfittedOf } from '../calibrate/unfitted.ts';
import { Gathered } from '../gathered.ts';
import { checkOutputs, commandLine, terminalOptions } from '../output.ts';
import { factInputs } from '../outputs/inputs.ts';
import { writeWhole } from '../outputs/whole.ts';
import { loadStack } from '../stacks.ts';

interface Options {
  readonly chip?: string;
  readonly stack?: string;
  readonly source?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly html?: string;
}

/** `supernode calibrate FILE`: fits cells to measured operator times. */
export function command(): Command {
  return new Command('calibrate')
    .usage('<files...> --chip <name> --stack <name> [options]')
    .allowUnknownOption()
    .allowExcessArguments()
    .option('--chip <name|file>', 'the chip that the times were measured on')
    .option('--stack <name|file>', 'the software stack that ran')
    .option('--source <text>', 'what to say of where the times come from; by default the names of the tables')
    .option('--out <file>', 'write the fitted cells (JSON)')
    .option('--html <file>', 'write a self-contained HTML page')
    .option('--json', 'for machines: JSON, documented in docs/guide/calibrate.md')
    .action(calibrate);
}

async function calibrate(options: Options, self: Command): Promise<void> {
  const gathered = new Gathered();
  const files = tablesTyped(
    self.args,
    self.options.map(({ long }) => long ?? ''),
    gathered,
  );
  const chip = await chipTyped(options.chip, gathered);
  const { stack: stackName } = options;
  if (stackName === undefined) gathered.add('--stack', 'expected the software stack that ran, by its name or its file');
  const stack = stackName === undefined ? undefined : await gathered.attempt(() => loadStack(stackName, '--stack'));
  const tables = await readTables(files, 'calibrate', gathered);
  await gathered.attempt(() =>
    checkOutputs({ '--out': options.out, '--html': options.html }, () => [
      ...files.map((path) => ({ path, what: 'a table that is read' })),
      ...factInputs([options.chip, options.stack], 'a file that is read'),
    ]),
  );
  gathered.settle();
  if (chip === undefined || stack === undefined) return;

  const source = options.source ?? files.join(', ');
  const all = [...refit(tables, { chip, stack: stack.name, source })];
  const cells = all.filter(({ kept }) => kept.length > 0);
  const unfitted = unfittedOf(tables, all);
  if (cells.length === 0) throw noneFitted(files, unfitted);
  if (options.out !== undefined) write(options.out, writeCells(cells.map(({ cell }) => cell)));
  const fitted = { chip, stack: stack.name, cells, unfitted };
  const report = calibrationReport(tables, { ...fitted, command: commandLine(['calibrate', ...process.argv.slice(3)]) });
  process.stdout.write(options.json === true ? `${calibrationAsJson(tables, fitted)}\n` : `${reportText(report, terminalOptions())}\n`);
  if (options.html !== undefined) {
    const { htmlPage } = await import('../report/html.ts');
    write(options.html, await htmlPage(report));
  }
}

function write(path: string, text: string): void {
  writeWhole(path, text);
  process.stderr.write(`wrote ${path}\n`);
}
