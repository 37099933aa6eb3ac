import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { precisionOf } from '../model/precision.ts';
import { PingPong, type PingPongRuns } from './ping-pong.ts';
import { stepPricer } from './pricer.ts';
import { decoding, models, publishedDecode } from './settings.contract.ts';

/** Attention, out, a shared expert of the attention dies beside the experts, back, and the sum of what came back. */
const runs: PingPongRuns = { streams: Int32Array.from([0, 1, 0, 2, 3, 0]), after: [[], [0], [0], [1], [3], [4, 2]], back: 5 };

const layer = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 6, maxLength: 6 });
const shape = fc.record({ times: layer, count: fc.integer({ min: 1, max: 12 }), microbatches: fc.integer({ min: 1, max: 4 }) });

function laid(times: readonly number[], count: number, microbatches: number): PingPong {
  const made = new PingPong(runs, count, microbatches);
  made.times.set(times);
  made.lay();
  return made;
}

/** The same by asking again and again what could begin next, each stream taking microbatches in turn. */
function naive(times: readonly number[], count: number, microbatches: number): number {
  const ends = new Map<string, number>();
  const free = [0, 0, 0, 0];
  const queues = free.map((_, stream): string[] => {
    const keyed: [number, string][] = [];
    for (let l = 0; l < count; l++)
      for (let m = 0; m < microbatches; m++)
        for (let run = 0; run < 6; run++)
          if (runs.streams[run] === stream) keyed.push([((run === 5 ? l + 1 : l) * 8 + m) * 8 + (run === 5 ? 0 : run + 1), `${l} ${m} ${run}`]);
    return keyed.sort(([a], [b]) => a - b).map(([, name]) => name);
  });
  for (let left = count * microbatches * 6; left > 0;) {
    const before = left;
    for (const [stream, queue] of queues.entries()) {
      const [l = 0, m = 0, run = 0] = (queue[0] ?? '').split(' ').map(Number);
      if (queue.length === 0) continue;
      const needed = [...(runs.after[run] ?? []).map((other) => `${l} ${m} ${other}`), ...(run === 0 && l > 0 ? [`${l - 1} ${m} 5`] : [])];
      const known = needed.map((name) => ends.get(name));
      if (known.some((end) => end === undefined)) continue;
      free[stream] = Math.max(free[stream] ?? 0, ...known.map((end) => end ?? 0)) + (times[run] ?? 0);
      ends.set(queue.shift() ?? '', free[stream] ?? 0);
      left--;
    }
    if (before === left) throw new Error('stuck');
  }
  return Math.max(...ends.values());
}

/** What all runs are answerable for. */
function lengthOf(times: readonly number[], count: number, microbatches: number): number {
  return laid(times, count, microbatches).shares.reduce((sum, share, run) => sum + share * (times[run] ?? 0), 0);
}

describe('microbatches between attention and expert dies', () => {
  test('end when a naive schedule ends, and what runs are answerable for is all of that', () => {
    fc.assert(
      fc.property(shape, ({ times, count, microbatches }) => {
        expect(lengthOf(times, count, microbatches)).toBe(naive(times, count, microbatches));
      }),
    );
  });

  test('a longer run makes nothing end earlier, and no stream does two things at once', () => {
    fc.assert(
      fc.property(shape, fc.nat({ max: 5 }), ({ times, count, microbatches }, which) => {
        const short = laid(times, count, microbatches);
        const long = laid(times.with(which, (times[which] ?? 0) + 100), count, microbatches);
        const ids = Array.from({ length: microbatches * short.each }, (_, id) => id);
        for (const id of ids) expect(long.endOf(id)).toBeGreaterThanOrEqual(short.endOf(id));
        for (let stream = 0; stream < 4; stream++) {
          const slots = ids.map((id) => ({ from: short.startOf(id), to: short.endOf(id), id })).filter(({ id }) => runs.streams[id % 6] === stream);
          slots.sort((a, b) => a.from - b.from || a.to - b.to);
          for (let i = 1; i < slots.length; i++) expect(slots[i]?.from).toBeGreaterThanOrEqual(slots[i - 1]?.to ?? 0);
        }
      }),
    );
  });

  test('a layer settles at the busiest of the sides and links, or at a round trip', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 6, maxLength: 6 }), fc.integer({ min: 1, max: 4 }), (times, microbatches) => {
        const [first = 0, out = 0, shared = 0, experts = 0, back = 0, last = 0] = times;
        const trip = first + Math.max(out + experts + back, shared) + last;
        const busiest = microbatches * Math.max(first + shared + last, out, experts, back);
        const layers = 400;
        const perLayer = lengthOf(times, layers, microbatches) / layers;
        expect(perLayer).toBeGreaterThanOrEqual(Math.max(busiest, trip) * (1 - 0.02));
        // What is taken up in order may wait for what it does not need: never longer than one after another.
        expect(perLayer).toBeLessThanOrEqual(microbatches * (first + out + shared + experts + back + last));
        expect(lengthOf(times, layers, 1) / layers).toBeCloseTo(trip, 9);
      }),
    );
  });
});

test('more expert dies never make a step longer, and neither side is busier than the step', () => {
  const step = (parallel: number, batch: number): number => {
    const layout = { ...publishedDecode.layout, dies: 160, experts: { ...publishedDecode.layout.experts, parallel, sharedDies: 0, redundant: 0, apart: true } };
    const pricer = stepPricer({ ...publishedDecode, precision: precisionOf(models.r1, { weights: 'int8' }), layout });
    const { time, busy } = pricer.cost(decoding(layout, batch, 2000));
    for (const one of busy) expect(one).toBeLessThanOrEqual(time * (1 + 1e-9));
    return time;
  };
  for (const batch of [8, 48, 96]) {
    const times = [16, 32, 64, 128].map((parallel) => step(parallel, batch));
    expect(times).toEqual(times.toSorted((a, b) => b - a));
  }
});
