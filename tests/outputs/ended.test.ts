import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { supernode } from '../fixtures/command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'supernode-ended-'));
const scenario = 'examples/h100-llama-3.1-70b.yaml';

/** What the program was ended by: it is sent the signal when it has begun to write `path`. */
function ended(signal: NodeJS.Signals, path: string, args: readonly string[]): Promise<number | NodeJS.Signals | null> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['cli/supernode.js', ...args], { stdio: 'ignore' });
    const look = setInterval(() => {
      if ((statSync(`${path}.${child.pid}.partial`, { throwIfNoEntry: false })?.size ?? 0) > 0) {
        clearInterval(look);
        child.kill(signal);
      }
    }, 5);
    child.on('close', (code, by) => {
      clearInterval(look);
      resolve(by ?? code);
    });
  });
}

describe.skipIf(process.platform === 'win32')('a command that is ended leaves nothing half written', () => {
  test.each(['SIGTERM', 'SIGHUP'] as const)('simulate, by %s', async (signal) => {
    const own = mkdtempSync(join(folder, 'run-'));
    const path = join(own, 'events.jsonl');
    const files = ['--requests-out', join(own, 'rows.csv'), '--events-out', path];
    expect(await ended(signal, path, ['simulate', scenario, '--requests', '200000', ...files])).toBe(signal);
    expect(readdirSync(own)).toEqual([]);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('trace generate, by %s: what was there before is as it was', async (signal) => {
    const own = mkdtempSync(join(folder, 'made-'));
    const path = join(own, 'made.csv');
    writeFileSync(path, 'before');
    expect(await ended(signal, path, ['trace', 'generate', '--workload', 'chat', '--rate', '1/s', '--requests', '3000000', '--out', path])).toBe(signal);
    expect([readdirSync(own), readFileSync(path, 'utf8')]).toEqual([['made.csv'], 'before']);
  });
});

test.runIf(existsSync('/dev/full'))('of several files, one that fails at the very end keeps the others from their places', async () => {
  const own = mkdtempSync(join(folder, 'full-'));
  const at = (name: string): string => join(own, name);
  symlinkSync('/dev/full', at('events.jsonl'));
  writeFileSync(at('series.csv'), 'before');
  const files = ['--trace-out', at('run.json'), '--requests-out', at('rows.parquet'), '--series-out', at('series.csv'), '--events-out', at('events.jsonl')];
  const { code, err } = await supernode('simulate', scenario, '--requests', '50', '--no-intervals', ...files);
  expect([code, err]).toEqual([1, `supernode: ${at('events.jsonl')} cannot be written: no space left on device\n`]);
  await expect.poll(() => readdirSync(own)).toEqual(['events.jsonl', 'series.csv']);
  expect(readFileSync(at('series.csv'), 'utf8')).toBe('before');
});
