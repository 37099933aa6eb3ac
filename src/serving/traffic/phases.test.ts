import { expect, test } from 'vitest';
import { emptyArrival } from './arrival.ts';
import { atPace, paceOf } from './pace.ts';
import { meanOfPhases } from './phases.ts';
import { requestSource } from './source.ts';
import type { GeneratorWorkload, Phase } from './workload.ts';

const fixed = (tokens: number) => ({ kind: 'fixed' as const, tokens });
const phases: readonly Phase[] = [
  { duration: 100, rate: 2, input: fixed(1000), output: fixed(10) },
  { duration: 50, rate: 40, input: fixed(100), output: fixed(500) },
];
const workload: GeneratorWorkload = {
  kind: 'generator',
  name: 'custom',
  arrivals: { kind: 'poisson', rate: meanOfPhases(phases) },
  input: fixed(1),
  output: fixed(1),
  phases,
  requests: 50_000,
  seed: 3,
};

/** Requests that arrive in each part, over all rounds, and how long the rounds were. */
function counted(of: GeneratorWorkload): { readonly counts: readonly number[]; readonly rounds: number } {
  const source = requestSource(of);
  const arrival = emptyArrival();
  const counts = [0, 0];
  while (source.next(arrival)) {
    const part = arrival.arrivedAt % 150 < 100 ? 0 : 1;
    counts[part] = (counts[part] ?? 0) + 1;
    expect([arrival.inputTokens, arrival.outputTokens]).toEqual(part === 0 ? [1000, 10] : [100, 500]);
  }
  return { counts, rounds: arrival.arrivedAt / 150 };
}

test('each part has its rate and its lengths, round after round', () => {
  const { counts, rounds } = counted(workload);
  // Poisson: four standard deviations.
  expect(Math.abs((counts[0] ?? 0) - 200 * rounds)).toBeLessThan(4 * Math.sqrt(200 * rounds));
  expect(Math.abs((counts[1] ?? 0) - 2000 * rounds)).toBeLessThan(4 * Math.sqrt(2000 * rounds) + 2000);
});

test('at another pace every part is as much faster, and the mean is the pace', () => {
  expect(paceOf(workload)).toEqual({ value: 2200 / 150, unit: 'requests/s' });
  const faster = atPace(workload, 2 * (2200 / 150)) as GeneratorWorkload;
  expect(faster.phases?.map(({ rate }) => rate)).toEqual([4, 80]);
});
