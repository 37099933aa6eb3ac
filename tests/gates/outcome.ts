/** What a gate found. A gate that has no tests of its own counts as one. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const passedOnce: Outcome = { passed: 1, failed: 0, skipped: 0 };
export const failedOnce: Outcome = { passed: 0, failed: 1, skipped: 0 };
export const skippedOnce: Outcome = { passed: 0, failed: 0, skipped: 1 };

export function sum(outcomes: readonly Outcome[]): Outcome {
  return outcomes.reduce((total, one) => ({ passed: total.passed + one.passed, failed: total.failed + one.failed, skipped: total.skipped + one.skipped }), {
    passed: 0,
    failed: 0,
    skipped: 0,
  });
}

/** The closing line: `N passed, N failed`, and `, N skipped` where there are any. */
export function closingLine({ passed, failed, skipped }: Outcome): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;
}

interface VitestFile {
  readonly status: string;
  readonly assertionResults: readonly { readonly status: string }[];
}

/**
 * Counts the tests of Vitest's JSON report. A file that did not load counts as one failure,
 * and so does a run that ended badly although no test failed.
 */
export function vitestOutcome(report: unknown, exitCode: number): Outcome {
  const files = (report as { readonly testResults: readonly VitestFile[] }).testResults;
  const tests = files.flatMap((file) => file.assertionResults.map(({ status }) => status));
  const failedTests = tests.filter((status) => status === 'failed').length;
  const brokenFiles = files.filter((file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed')).length;
  const passed = tests.filter((status) => status === 'passed').length;
  const failed = failedTests + brokenFiles;
  const badEnd = failed === 0 && (exitCode !== 0 || passed === 0);
  return { passed, failed: badEnd ? 1 : failed, skipped: tests.length - passed - failedTests };
}
