import { expect, test } from 'vitest';
import { summary } from '../../../tests/fixtures/summary.ts';
import { Sketch } from '../../kernel/sketch.ts';
import { mergeShards } from './merge.ts';
import { mergedReport } from './report.ts';

test('requests that any machine turned away miss the service level', () => {
  const none = new Sketch().data();
  const window = { finished: 100, good: 100, missed: { ttft: 0, tpot: 0, e2e: 0 }, ttft: none, tpot: none, itl: none, e2e: none };
  const turned = { ...summary, goodput: { ...summary.goodput, lost: { rejected: 150, failed: 50, share: 0.5 } } };
  const from = { scenario: 'a fleet', machines: 2, split: 'spread', workload: 'chat', reproduce: summary.reproduce } as const;
  const merged = mergeShards(from, [
    { summary, window },
    { summary: turned, window },
  ]);
  expect(merged.goodput).toMatchObject({ share: 0.5, lost: { rejected: 150, failed: 50, share: 0.5 } });
  expect(mergedReport(merged).verdict).toContain('50.0 % of the requests meet TTFT ≤ 2.00 s and TPOT ≤ 50.0 ms.');
});
