import { describe, expect, test } from 'vitest';
import { stream } from '../kernel/random.ts';
import { exponential } from '../kernel/variates.ts';
import { mergedPlant, request, tick } from './plants.contract.ts';
import { whole } from './run.contract.ts';
import { Simulation } from './simulation.ts';
import type { RequestSource } from './traffic/arrival.ts';

/** Poisson arrivals of equal requests. */
function poisson(rate: number, requests: number): RequestSource {
  const random = stream(7, 'queueing');
  let at = 0;
  let left = requests;
  return {
    next: (arrival) => {
      Object.assign(arrival, request((at += exponential(random) / rate), 3, 1));
      return left-- > 0;
    },
  };
}

describe('queueing theory', () => {
  test('SCH-5 one request at a time, all alike, wait as long as in M/D/1', () => {
    const count = 40_000;
    for (const load of [0.4, 0.8]) {
      const simulation = new Simulation(mergedPlant({ maxSequences: 1 }), poisson(load / tick, count));
      while (simulation.step());
      const { ttft } = whole(simulation);
      // Pollaczek-Khinchine for a constant service time.
      const wait = (load * tick) / (2 * (1 - load));
      expect(ttft.count).toBe(count);
      expect((ttft.mean() - tick) / wait).toBeCloseTo(1, 1);
    }
  });

  test("REQ-1 the mean number in flight is the rate times the mean time (Little's law)", () => {
    const simulation = new Simulation(mergedPlant({ maxSequences: 4, tokenBudget: 8 }), poisson(0.7 / tick, 5000));
    while (simulation.step());
    const { waiting, running, e2e } = whole(simulation);
    expect((waiting + running) / e2e.sum()).toBeCloseTo(1, 9);
  });
});
