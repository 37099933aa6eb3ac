import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exp } from '../kernel/elementary.ts';
import { stream } from '../kernel/random.ts';
import { exponential } from '../kernel/variates.ts';
import { listed, syntheticPricer } from './cases.contract.ts';
import { mergedPlant, request, splitPlant, tick } from './plants.contract.ts';
import { finished, whole } from './run.contract.ts';
import { Simulation } from './simulation.ts';
import type { RequestSource } from './traffic/arrival.ts';

/** Chance that a request waits in M/M/c with `load` servers' worth of work (Erlang C). */
function erlangC(servers: number, load: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; k < servers; k++) sum += term *= load / k;
  const all = ((term * load) / servers) * (servers / (servers - load));
  return all / (sum + all);
}

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

  test('RTE-2 decode instances of one place each, with exponential answers, are the servers of M/M/c: the mean wait for a place is that of Erlang C', () => {
    const count = 20_000;
    const mean = 20;
    for (const [servers, utilisation] of [
      [1, 0.5],
      [2, 0.6],
      [4, 0.7],
    ] as const) {
      const lengths = stream(11, 'answers');
      const gaps = stream(11, 'gaps');
      // An answer of n tokens takes n ticks: of prefill, which takes no time to speak of, comes none. Whole lengths of an exponential law are
      // geometric: their mean, and waits that are shorter by half of what their squared variation lacks to 1 (Allen and Cunneen; exact for one server).
      const ends = 1 - exp(-1 / mean);
      const service = tick / ends;
      let at = 0;
      let left = count;
      const source: RequestSource = {
        next: (arrival) => {
          Object.assign(arrival, request((at += (exponential(gaps) * service) / (servers * utilisation)), 1, Math.ceil(exponential(lengths) * mean)));
          return left-- > 0;
        },
      };
      const instant = { maxSequences: Infinity, kvBlocks: 1e9, tokenBudget: 1e9, pricer: syntheticPricer([1]) };
      const plant = splitPlant(instant, { instances: servers, maxSequences: 1, kvBlocks: 1e5 }, { firstToken: 'decode', maxContext: 1e5 });
      const computed = new Map<number, number>();
      const waits: number[] = [];
      const simulation = new Simulation(plant, source, (event) => {
        if (event.kind === 'prefilled') computed.set(event.request, event.at);
        else if (event.kind === 'transfer-begun') waits.push(event.at - (computed.get(event.request) ?? Number.NaN));
      });
      while (simulation.step());
      expect(waits).toHaveLength(count);
      const theory = ((1 - ends / 2) * erlangC(servers, servers * utilisation) * service) / (servers * (1 - utilisation));
      // Waits follow each other: their error is that of means over long stretches.
      const stretch = 1000;
      const means = Array.from(
        { length: count / stretch },
        (_, b) => waits.slice(b * stretch, (b + 1) * stretch).reduce((sum, wait) => sum + wait, 0) / stretch,
      );
      const measured = means.reduce((sum, one) => sum + one, 0) / means.length;
      const variance = means.reduce((sum, one) => sum + (one - measured) * (one - measured), 0) / (means.length - 1);
      const error = Math.sqrt(variance / means.length);
      expect(error / theory).toBeLessThan(0.15);
      expect(Math.abs(measured - theory), `${servers} servers: ${measured / theory} of Erlang C`).toBeLessThan(3 * error);
    }
  }, 60_000);

  test('MOV-1 a flow that has its links to itself takes its bytes over the slower one, and the latency', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 90 }),
        fc.integer({ min: 1, max: 1e9 }),
        fc.integer({ min: 1, max: 1e9 }),
        fc.nat(1000),
        (input, source, sink, us) => {
          const latency = us / 1e6;
          const moves = { bytesPerToken: 4096, bytesPerSequence: 77, sourceBandwidth: source, sinkBandwidth: sink, latency };
          const { events } = finished(splitPlant({}, {}, {}, moves), listed([request(0, input, 5)]));
          const at = (kind: string) => events.find((event) => event.kind === kind)?.at ?? Number.NaN;
          const bytes = input * 4096 + 77;
          expect((at('moved') - at('transfer-begun') - latency) / (bytes / Math.min(source, sink))).toBeCloseTo(1, 6);
        },
      ),
    );
  });

  test("REQ-1 the mean number in flight is the rate times the mean time (Little's law)", () => {
    const simulation = new Simulation(mergedPlant({ maxSequences: 4, tokenBudget: 8 }), poisson(0.7 / tick, 5000));
    while (simulation.step());
    const { waiting, running, e2e } = whole(simulation);
    expect((waiting + running) / e2e.sum()).toBeCloseTo(1, 9);
  });
});
