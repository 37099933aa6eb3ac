import { describe, expect, test } from 'vitest';
import { closingLine, sum, vitestOutcome } from './outcome.ts';

const file = (...statuses: readonly string[]): unknown => ({
  status: statuses.includes('failed') ? 'failed' : 'passed',
  assertionResults: statuses.map((status) => ({ status })),
});

describe('counting tests', () => {
  test('tests are counted over files', () => {
    expect(vitestOutcome({ testResults: [file('passed', 'failed', 'passed'), file('passed', 'pending')] }, 1)).toEqual({ passed: 3, failed: 1, skipped: 1 });
  });

  test('a file that does not load is a failure', () => {
    expect(vitestOutcome({ testResults: [file('passed'), { status: 'failed', assertionResults: [] }] }, 1)).toEqual({ passed: 1, failed: 1, skipped: 0 });
  });

  test('a run that ends badly with every test green is a failure', () => {
    expect(vitestOutcome({ testResults: [file('passed')] }, 1).failed).toBe(1);
  });

  test('a run without tests is a failure', () => {
    expect(vitestOutcome({ testResults: [] }, 0).failed).toBe(1);
  });

  test('the closing line adds up the gates and names the skipped ones only where there are any', () => {
    const outcomes = [
      { passed: 3, failed: 1, skipped: 0 },
      { passed: 2, failed: 0, skipped: 0 },
    ];
    expect(closingLine(sum(outcomes))).toBe('5 passed, 1 failed');
    expect(closingLine({ passed: 1, failed: 0, skipped: 2 })).toBe('1 passed, 0 failed, 2 skipped');
  });
});
