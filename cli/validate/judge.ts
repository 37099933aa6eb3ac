import { InputError, type Issue } from '../../src/base/errors.ts';
import type { LedgerCase } from '../../src/ledger/case.ts';
import type { Cell } from '../../src/catalogue/cell.ts';
import { ServingRuns } from '../../src/ledger/serving-runs.ts';
import { judge, type CaseResult, type IntervalSource } from '../../src/ledger/result.ts';
import { loadCalibration } from '../calibration.ts';
import { Progress } from '../progress.ts';

/**
 * Runs cases, with progress on stderr.
 * @throws InputError with every case that the twin cannot price
 */
export function judgeAll(cases: readonly LedgerCase[], intervals: (cells: readonly Cell[]) => IntervalSource): readonly CaseResult[] {
  const cells = loadCalibration();
  const source = intervals(cells);
  const runs = new ServingRuns();
  const progress = new Progress('validate');
  const issues: Issue[] = [];
  const results: CaseResult[] = [];
  try {
    for (const [i, one] of cases.entries()) {
      try {
        results.push(judge(one, cells, source, runs));
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        issues.push(...error.issues.map(({ path, message }) => ({ path: `${one.file}: ${path}`, message })));
      }
      progress.update((i + 1) / cases.length);
    }
  } finally {
    progress.end();
  }
  if (issues.length > 0) throw new InputError(issues);
  return results;
}
