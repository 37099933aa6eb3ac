import process from 'node:process';
import { Command, CommanderError } from 'commander';
import { InputError } from '../src/base/errors.ts';
import type { Issue } from '../src/base/errors.ts';
import { nearest } from '../src/base/nearest.ts';
import { verbs } from './verbs.ts';

/** Runs one command line. Returns the exit code: 0 done, 1 a file that could not be written or a fault of ours, 2 wrong input. */
export async function run(args: readonly string[]): Promise<number> {
  const program = new Command('supernode').description('A digital twin of rack-scale AI systems.').version('0.1.0', '-V, --version');
  const chosen = verbs.find(({ name }) => name === (args[0] === 'help' ? args[1] : args[0]));
  for (const verb of verbs) {
    const command = verb === chosen ? (await verb.load()).command() : new Command(verb.name);
    program.addCommand(command.summary(verb.summary));
  }
  for (const command of [program, ...program.commands.flatMap((c) => [c, ...c.commands])]) command.exitOverride().configureOutput({ writeErr: () => {} });
  try {
    if (args.length === 0) program.help();
    const typed = (args[0] === 'help' ? args[1] : args[0]) ?? 'help';
    if (chosen === undefined && !typed.startsWith('-') && typed !== 'help') {
      const near = nearest(
        typed,
        verbs.map(({ name }) => name),
      );
      throw new InputError([
        {
          path: typed,
          message: `no such verb${near === undefined ? '' : ` (did you mean "${near}"?)`}; expected one of ${verbs.map(({ name }) => name).join(', ')}`,
        },
      ]);
    }
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return await fail(error);
  }
}

async function fail(error: unknown): Promise<number> {
  if (error instanceof InputError) {
    tell(error.issues);
    return 2;
  }
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    tell([{ path: '', message: error.message.replace(/^error: /, '').replaceAll('\n', ' ') }]);
    return 2;
  }
  const { refusal, WriteError } = await import('./file-problem.ts');
  const refused = refusal(error);
  if (error instanceof WriteError) process.stderr.write(`supernode: ${error.message}\n`);
  else if (refused !== undefined && error instanceof Error && 'path' in error) process.stderr.write(`supernode: ${String(error.path)}: ${refused}\n`);
  else process.stderr.write(`supernode: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 1;
}

function tell(issues: readonly Issue[]): void {
  process.stderr.write(`supernode: ${issues.length} ${issues.length === 1 ? 'problem' : 'problems'} in the input\n`);
  for (const { path, message } of issues) process.stderr.write(`  ${path === '' ? '' : `${path}: `}${message}\n`);
}
