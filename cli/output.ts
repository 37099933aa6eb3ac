import process from 'node:process';

/** How reports are set for where stdout goes: its width, and colour only on a terminal that wants it. */
export function terminalOptions(): { readonly width: number; readonly colour: boolean } {
  const { stdout, env } = process;
  return { width: stdout.isTTY ? Math.max(80, stdout.columns) : 110, colour: stdout.isTTY && env['NO_COLOR'] === undefined };
}

/** A command line that can be pasted into a shell. */
export function commandLine(args: readonly string[]): string {
  return ['npx', 'supernode', ...args].map((arg) => (/^[\w./:=,@%+*-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", String.raw`'\''`)}'`)).join(' ');
}
