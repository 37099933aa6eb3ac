import type { Issue } from '../../src/base/errors.ts';
import { InputError } from '../../src/base/errors.ts';
import { expectedOneOf } from '../../src/base/nearest.ts';
import { parseQuantity } from '../../src/base/quantity.ts';
import type { ServiceLevel } from '../../src/serving/scenario.ts';

const metrics = ['ttft', 'tpot', 'e2e'] as const;

/**
 * `ttft:2s,tpot:50ms` as it stands on a command line; bare numbers are milliseconds, as benchmark clients have it.
 * @throws InputError with every problem.
 */
export function parseServiceLevel(typed: string, at: string): ServiceLevel {
  const issues: Issue[] = [];
  const level: Partial<Record<(typeof metrics)[number], number>> = {};
  for (const part of typed.split(',')) {
    const match = /^\s*([^:=\s]+)\s*[:=]\s*(.+?)\s*$/.exec(part);
    const metric = metrics.find((name) => name === match?.[1]);
    if (match === null) issues.push({ path: at, message: `expected pairs such as "ttft:2s,tpot:50ms", got "${part}"` });
    else if (metric === undefined) issues.push({ path: at, message: expectedOneOf(match[1] ?? '', metrics) });
    else if (level[metric] !== undefined) issues.push({ path: at, message: `${metric} is given twice` });
    else {
      const value = match[2] ?? '';
      const { value: seconds, problem } = parseQuantity(/[a-zµ]\s*$/i.test(value) ? value : `${value} ms`, 'time');
      if (problem !== undefined) issues.push({ path: at, message: `${metric}: ${problem}` });
      else if (seconds <= 0) issues.push({ path: at, message: `${metric}: expected a time above zero, got "${value}"` });
      else level[metric] = seconds;
    }
  }
  if (issues.length > 0) throw new InputError(issues);
  return level;
}
