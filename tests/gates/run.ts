import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { findChromium } from './chromium.ts';
import type { Gate } from './list.ts';
import { failedOnce, passedOnce, skippedOnce, vitestOutcome } from './outcome.ts';
import type { Outcome } from './outcome.ts';

export interface GateResult {
  readonly outcome: Outcome;
  readonly seconds: number;
  /** What the gate printed, or why it was skipped. */
  readonly output: string;
}

/** Runs one gate over the tree at `root`, with `extra` arguments at the end of its command. */
export function runGate(gate: Gate, root: string, extra: readonly string[] = []): GateResult {
  const chromium = findChromium();
  if (gate.browser && chromium === undefined && !process.env['CI']) return { outcome: skippedOnce, seconds: 0, output: 'no Chromium on PATH: set CHROMIUM' };
  const scratch = mkdtempSync(join(tmpdir(), 'supernode-gate-'));
  const report = join(scratch, 'report.json');
  const [program, ...fixed] = gate.command;
  const reporting = gate.counts === 'vitest' ? ['--reporter=dot', '--reporter=json', `--outputFile.json=${report}`] : [];
  const bin = join(root, 'node_modules', '.bin');
  const start = performance.now();
  const child = spawnSync(join(bin, program), [...fixed, ...reporting, ...extra], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...(chromium === undefined ? {} : { CHROMIUM: chromium }),
      NO_COLOR: '1',
      FORCE_COLOR: '0',
      PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
    },
  });
  const seconds = (performance.now() - start) / 1000;
  const output = `${child.stdout}${child.stderr}${child.error === undefined ? '' : String(child.error)}`.trim();
  const outcome = gate.counts === 'vitest' ? counted(report, child.status ?? 1) : child.status === 0 ? passedOnce : failedOnce;
  rmSync(scratch, { recursive: true, force: true });
  return { outcome, seconds, output };
}

function counted(report: string, exitCode: number): Outcome {
  try {
    return vitestOutcome(JSON.parse(readFileSync(report, 'utf8')), exitCode);
  } catch {
    return failedOnce;
  }
}
