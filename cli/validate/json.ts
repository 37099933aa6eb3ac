import { unitOf } from '../../src/ledger/answer.ts';
import type { CaseResult } from '../../src/ledger/result.ts';
import { familiesOf, scoresOf } from '../../src/ledger/score.ts';

/** Cases and scores as JSON, documented in docs/guide/validate.md. SI units; a figure that there is not is null. */
export function casesAsJson(results: readonly CaseResult[]): string {
  const cases = results.map(({ case: { question, measured, file, ...about }, predicted, interval, inside, error, withinTolerance, doubts }) => ({
    ...about,
    file,
    unit: unitOf(question),
    measured: measured.value,
    predicted,
    error,
    withinTolerance,
    interval,
    inside,
    doubts,
  }));
  return JSON.stringify({ schema: 'supernode/validate-cases/1', cases, scores: scoresOf(results), families: familiesOf(results) }, undefined, 2);
}
