import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { describe, expect, test } from 'vitest';

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the program in a shell: `cli` stands for it, and $code for what it came to, in a pipe as well. */
function shell(script: string): Promise<Ended> {
  const whole = `set -o pipefail; cli() { "${process.execPath}" cli/supernode.js "$@"; }; ${script}`;
  return new Promise((resolve) => execFile('bash', ['-c', whole], (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err })));
}

const outputs = [
  ['help', '--help'],
  ['simulate', 'simulate examples/closed-loop.yaml --requests 100 --no-intervals --json'],
  ['trace generate', 'trace generate --workload chat --rate 1/s --requests 50000'],
] as const;

describe.runIf(existsSync('/dev/full'))('stdout on a full disk is told in one line', () => {
  test.each(outputs)('%s', async (_, args) => {
    expect(await shell(`cli ${args} > /dev/full`)).toEqual({ code: 1, out: '', err: 'supernode: stdout cannot be written: no space left on device\n' });
  });
});

describe.skipIf(process.platform === 'win32')('a reader that has seen enough is not a fault', () => {
  test.each(outputs)('%s', async (_, args) => {
    expect(await shell(`cli ${args} | head -c 1 > /dev/null`)).toEqual({ code: 0, out: '', err: '' });
  });
});
