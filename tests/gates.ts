import { fileURLToPath } from 'node:url';
import process from 'node:process';
import { gates } from './gates/list.ts';
import { closingLine, sum } from './gates/outcome.ts';
import type { Outcome } from './gates/outcome.ts';
import { runGate } from './gates/run.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const outcomes: Outcome[] = [];

for (const gate of gates) {
  process.stdout.write(`${gate.name.padEnd(18)} `);
  const { outcome, seconds, output } = runGate(gate, root);
  outcomes.push(outcome);
  const verdict = outcome.failed > 0 ? 'FAILED' : outcome.passed > 0 ? 'passed' : 'skipped';
  const counts = gate.counts === 'vitest' && verdict !== 'skipped' ? `  ${closingLine(outcome)}` : '';
  process.stdout.write(`${verdict}  ${seconds.toFixed(1).padStart(5)} s${counts}${verdict === 'skipped' ? `  (${output})` : ''}\n`);
  if (outcome.failed > 0) process.stdout.write(`\n${output}\n\n`);
}

const total = sum(outcomes);
process.stdout.write(`\n${closingLine(total)}\n`);
process.exitCode = total.failed === 0 ? 0 : 1;
