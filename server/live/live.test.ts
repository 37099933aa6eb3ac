import { describe, expect, test } from 'vitest';
import { Alarm } from './alarm.ts';
import { Bursts, type Listener } from './bursts.ts';
import { LagMeter } from './lag.ts';
import { Pace } from './pace.ts';
import { Seats } from './seats.ts';

/** Listeners that note the order in which they are told, each taking its time. */
function crowd(name: string, count: number, told: string[], takes = 0): readonly Listener[] {
  return Array.from({ length: count }, (_, i) => ({
    told: false,
    flush: () => {
      for (const until = performance.now() + takes; performance.now() < until;);
      told.push(`${name} ${i}`);
    },
  }));
}

describe('bursts', () => {
  test('are told in slices; one that is soon done need not wait for one that is not', () => {
    const [lag, told] = [new LagMeter(), [] as string[]];
    const bursts = new Bursts(new Pace(1), lag);
    for (const one of crowd('long', 200, told, 0.1)) bursts.add(one, 0);
    bursts.close();
    // A slice is 1 ms, and 16 listeners are told between two looks at the clock.
    bursts.tell();
    expect(told.length).toBeGreaterThan(15);
    expect(told.length).toBeLessThan(100);
    const before = told.length;
    for (const one of crowd('short', 3, told)) bursts.add(one, 0);
    bursts.close();
    while (!bursts.empty) bursts.tell();
    expect(told.slice(before, before + 3)).toEqual(['short 0', 'short 1', 'short 2']);
    expect(told.filter((name) => name.startsWith('long'))).toEqual(Array.from({ length: 200 }, (_, i) => `long ${i}`));
    const { bursts: count, drainP99, chunkP50 } = lag.report();
    expect(count).toBe(2);
    expect(drainP99).toBeGreaterThan(0.02);
    expect(chunkP50).toBeGreaterThan(0.005);
  });

  test('long ones are told in order: who was told and has news again does not go before who was not', () => {
    const told: string[] = [];
    const bursts = new Bursts(new Pace(1), new LagMeter());
    const all = crowd('one', 200, told, 0.1);
    const counts = new Map<string, number>();
    // There is news for all of them again and again before any round of telling is over.
    for (let round = 0; round < 60; round++) {
      for (const one of all) bursts.add(one, round);
      bursts.close();
      bursts.tell();
    }
    for (const name of told) counts.set(name, (counts.get(name) ?? 0) + 1);
    const each = all.map((_, i) => counts.get(`one ${i}`) ?? 0);
    // At least every other time it is the turn of who waits longest.
    expect(Math.min(...each)).toBeGreaterThanOrEqual(Math.max(1, Math.floor(told.length / all.length / 2) - 1));
  });

  test('a listener that still waits is told once of all that it missed', () => {
    const told: string[] = [];
    const bursts = new Bursts(new Pace(1), new LagMeter());
    const [one] = crowd('one', 1, told) as [Listener];
    for (let round = 0; round < 3; round++) {
      bursts.add(one, round);
      bursts.close();
    }
    bursts.tell(Infinity);
    expect(told).toEqual(['one 0']);
    expect(bursts.empty).toBe(true);
    bursts.add(one, 3);
    bursts.close();
    bursts.tell(Infinity);
    expect(told).toEqual(['one 0', 'one 0']);
  });

  test('tell how late they are', () => {
    let wall = 0;
    const lag = new LagMeter();
    const late: number[] = [];
    const bursts = new Bursts(new Pace(2, () => wall), lag);
    bursts.onTold = (seconds) => late.push(seconds);
    const [one] = crowd('one', 1, []) as [Listener];
    bursts.add(one, 10);
    bursts.close();
    // Ten seconds of the twin are five of the wall clock.
    wall = 5250;
    bursts.tell();
    expect(late).toEqual([0.25]);
    expect(lag.report()).toMatchObject({ bursts: 1, p50: 0.25, worst: 0.25, chunkP50: 0.25 });
  });
});

describe('an alarm', () => {
  test('rings once, not before its instant, and only at the last one that was set', async () => {
    const begun = performance.now();
    const until = (at: number): number => begun + at - performance.now();
    for (const at of [0.4, 3.7, 12.3]) {
      const rings: number[] = [];
      const { promise, resolve } = Promise.withResolvers<void>();
      const alarm = new Alarm(until, () => {
        rings.push(-until(now + at));
        resolve();
      });
      const now = -until(0);
      alarm.set(now + 1000);
      alarm.set(now + at);
      await promise;
      expect(rings).toHaveLength(1);
      expect(rings[0]).toBeGreaterThan(-0.1);
    }
  });

  test('what has passed rings behind what the event loop has to do, and not when it was cleared', async () => {
    const order: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const gone = new Alarm(
      () => -1,
      () => order.push('gone'),
    );
    gone.set(-Infinity);
    gone.clear();
    const alarm = new Alarm(
      () => -Infinity,
      () => {
        order.push('rang');
        resolve();
      },
    );
    alarm.set(-Infinity);
    alarm.set(-Infinity);
    order.push('set');
    await promise;
    await new Promise((done) => setImmediate(done));
    expect(order).toEqual(['set', 'rang']);
  });
});

test('what is kept of a request is found by its slot, also when another has it, and is gone with it', () => {
  const seats = new Seats<{ readonly name: string }>();
  seats.set(7, { name: 'seven' });
  expect(seats.at(3, 7)?.name).toBe('seven');
  expect(seats.at(3, 7)?.name).toBe('seven');
  expect(seats.at(3, 8)).toBeUndefined();
  seats.set(8, { name: 'eight' });
  expect(seats.at(3, 8)?.name).toBe('eight');
  expect(seats.at(5, 7)?.name).toBe('seven');
  seats.set(8, { name: 'another' });
  expect(seats.at(3, 8)?.name).toBe('another');
  expect(seats.delete(8)).toBe(true);
  expect(seats.at(3, 8)).toBeUndefined();
  expect(seats.delete(8)).toBe(false);
  expect(seats.at(5, 7)?.name).toBe('seven');
  expect([seats.size, [...seats.numbers()]]).toEqual([1, [7]]);
});
