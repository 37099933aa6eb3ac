import { expect, test } from 'vitest';
import { Interval } from '../serving/metrics.ts';
import { goodput } from './figures.ts';

function ended(counts: Partial<Pick<Interval, 'finished' | 'rejected' | 'failed' | 'good'>>): Interval {
  return Object.assign(new Interval(0), counts);
}

test('requests that were rejected or failed miss the service level', () => {
  const { share, lost, note } = goodput(ended({ finished: 10, good: 10, rejected: 80, failed: 10 }), { ttft: 1 }, 1);
  expect(share).toBe(0.1);
  expect(lost).toEqual({ rejected: 80, failed: 10, share: 0.9 });
  expect(note).toBe('90.0 % of the requests were rejected or failed');
});

test('the share of requests that miss an objective is of all that ended, too', () => {
  const interval = ended({ finished: 10, good: 2, rejected: 6 });
  interval.missed.ttft = 8;
  const { misses, note } = goodput(interval, { ttft: 1 }, 1);
  expect(misses).toEqual([{ name: 'TTFT', share: 0.5 }]);
  expect(note).toBe('50.0 % of the requests miss the TTFT objective');
});

test('where all that ended were served, none are lost', () => {
  expect(goodput(ended({ finished: 10, good: 9 }), { ttft: 1 }, 1)).toMatchObject({ share: 0.9, lost: undefined });
  expect(goodput(ended({}), { ttft: 1 }, 1)).toMatchObject({ share: 0, lost: undefined });
});
