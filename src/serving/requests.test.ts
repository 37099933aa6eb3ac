import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cases, chained, listed } from './cases.contract.ts';
import { mergedPlant, request, splitPlant, tick } from './plants.contract.ts';
import { finished, recorded } from './run.contract.ts';
import type { Simulation } from './simulation.ts';

const inFlight = (simulation: Simulation): number => {
  const { arrived, finished: ended, rejected } = simulation.snapshot();
  return arrived - ended - rejected;
};

describe('requests', () => {
  test('REQ-1 at every instant arrived = finished + rejected + failed + waiting + running, and in the end nothing is left', () => {
    fc.assert(
      fc.property(cases, ({ plant, requests, concurrency }) => {
        const { simulation, events } = recorded(plant, listed(requests, concurrency));
        const scheduled = new Map<number, boolean>();
        let read = 0;
        while (simulation.step()) {
          const { arrived, waiting, running, failed, finished: ended, rejected } = simulation.snapshot();
          expect(ended + rejected + failed + waiting + running).toBe(arrived);
          for (; read < events.length; read++) {
            const event = events[read];
            if (event?.kind === 'arrived' || event?.kind === 'preempted') scheduled.set(event.request, false);
            if (event?.kind === 'scheduled') scheduled.set(event.request, true);
            if (event?.kind === 'finished' || event?.kind === 'rejected') scheduled.delete(event.request);
          }
          expect(running).toBe([...scheduled.values()].filter(Boolean).length);
        }
        expect(simulation.snapshot()).toMatchObject({ arrived: requests.length, waiting: 0, running: 0 });
        expect(simulation.table.inUse).toBe(0);
      }),
    );
  });

  test('REQ-2 a prompt without room for a token is rejected, an answer ends where the context does', () => {
    const plant = mergedPlant({}, { maxContext: 10 });
    const { events, timelines, simulation } = finished(plant, listed([request(0, 10, 1), request(0, 9, 5), request(0, 4, 20)]));
    expect(events.filter(({ kind }) => kind === 'rejected')).toMatchObject([{ request: 0 }]);
    expect(timelines.map(({ request: number, output }) => [number, output])).toEqual([
      [1, 1],
      [2, 6],
    ]);
    expect([...simulation.causes]).toEqual([['prompt and answer longer than the 10 tokens of the model', 1]]);
  });

  test('REQ-3 a request comes to the points of its life in order', () => {
    fc.assert(
      fc.property(cases, ({ plant, requests, concurrency }) => {
        for (const life of finished(plant, listed(requests, concurrency)).timelines) {
          const points = [life.arrived, life.ready, life.scheduled, life.prefilled, life.reserved, life.moved, life.joined, life.finished];
          const passed = points.filter((point) => point !== undefined);
          expect(passed).toEqual(passed.toSorted((a, b) => a - b));
          expect(life.firstToken).toBeGreaterThan(life.arrived);
          expect(life.firstToken).toBeLessThanOrEqual(life.finished);
          expect(life.scheduled).toBeLessThan(life.prefilled);
        }
      }),
    );
  });

  test('REQ-4 in an open loop requests arrive at their times', () => {
    fc.assert(
      fc.property(cases, ({ plant, requests }) => {
        const arrivals = finished(plant, listed(requests)).events.filter(({ kind }) => kind === 'arrived');
        expect(arrivals.map(({ at }) => at)).toEqual(requests.map(({ arrivedAt }) => arrivedAt));
      }),
    );
  });

  test('REQ-4 a closed loop keeps its concurrency until the source ends', () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 1, max: 6 }), ({ plant, requests }, concurrency) => {
        const { simulation } = recorded(plant, listed(requests, concurrency));
        while (simulation.step()) {
          expect(inFlight(simulation)).toBeLessThanOrEqual(concurrency);
          const settled = simulation.nextEventAt > simulation.now && simulation.snapshot().arrived < requests.length;
          expect(inFlight(simulation)).toBe(settled ? concurrency : inFlight(simulation));
        }
        expect(simulation.snapshot().arrived).toBe(requests.length);
      }),
    );
  });

  test('REQ-6 what follows from a request arrives after its end, by the time between them', () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 1, max: 4 }), ({ plant, requests }, chains) => {
        // Every request is known by its prompt, so that it is found again among the events.
        const named = requests.map((one, i) => ({ ...one, inputTokens: i + 1, prefix: [], blockTokens: 0 }));
        const { events, simulation } = finished(plant, chained(named, chains));
        expect(simulation.snapshot()).toMatchObject({ arrived: requests.length, waiting: 0, running: 0 });
        const arrivals = new Map(events.flatMap((event) => (event.kind === 'arrived' ? [[event.inputTokens - 1, event] as const] : [])));
        const ends = new Map(events.flatMap((event) => (event.kind === 'finished' || event.kind === 'rejected' ? [[event.request, event.at] as const] : [])));
        const between = (i: number) => (requests[i]?.arrivedAt ?? 0) - (requests[i - chains]?.arrivedAt ?? 0);
        for (let i = chains; i < requests.length; i++)
          expect(arrivals.get(i)?.at).toBe((ends.get(arrivals.get(i - chains)?.request ?? -1) ?? Number.NaN) + between(i));
      }),
    );
  });

  test('REQ-4 requests from outside are served as those of a source', () => {
    fc.assert(
      fc.property(cases, ({ plant, requests }) => {
        const sourced = finished(plant, listed(requests));
        const injected = recorded(plant, listed([]));
        for (const one of requests) injected.simulation.inject(one);
        while (injected.simulation.step());
        expect(injected.events).toEqual(sourced.events);
        expect(injected.timelines).toEqual(sourced.timelines);
      }),
    );
  });

  test('REQ-4 a request that comes in the middle of a run is served from then on', () => {
    const { simulation, timelines } = recorded(splitPlant(), listed([request(0, 4, 20)]));
    simulation.advance(5.5 * tick);
    simulation.inject(request(5.5 * tick, 2, 3));
    while (simulation.step());
    expect(timelines[0]).toMatchObject({ request: 1, arrived: 5.5 * tick, scheduled: 5.5 * tick, prefilled: 6.5 * tick });
  });

  test('REQ-5 a request is routed when the front end has read it, and its times count from its arrival', () => {
    const intake = { request: 2 * tick, token: tick / 4 };
    const [bare] = finished(mergedPlant(), listed([request(0, 8, 3)])).timelines;
    const [taken] = finished(mergedPlant({}, { intake }), listed([request(0, 8, 3)])).timelines;
    expect([bare?.scheduled, taken?.scheduled]).toEqual([0, 4 * tick]);
    expect((taken?.firstToken ?? 0) - (taken?.arrived ?? 0)).toBe((bare?.firstToken ?? 0) + 4 * tick);
  });

  test('REQ-5 a front end takes one request at a time, and each instance has one', () => {
    const intake = { request: 2 * tick, token: 0 };
    const together = [request(0, 8, 3), request(0, 8, 3), request(0, 8, 3)];
    const ready = (instances: number) => finished(mergedPlant({ instances }, { intake }), listed(together)).timelines.map((one) => (one.ready ?? 0) / tick);
    expect(ready(1).toSorted((a, b) => a - b)).toEqual([2, 4, 6]);
    expect(ready(2).toSorted((a, b) => a - b)).toEqual([2, 2, 4]);
  });
});
