import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cases, chained, listed } from './cases.contract.ts';
import { troubled, trouble } from './faults/under.contract.ts';
import type { SimulationEvent } from './events.ts';
import { inOrder, leavesNothing, watcher } from './laws.contract.ts';
import { Simulation } from './simulation.ts';
import { whole } from './run.contract.ts';
import type { RequestSource } from './traffic/arrival.ts';

function watched(plant: ConstructorParameters<typeof Simulation>[0], source: RequestSource, watch: (simulation: Simulation) => void) {
  const events: SimulationEvent[] = [];
  const simulation = new Simulation(plant, source, (event) => events.push(event));
  for (let handled = 0; simulation.step(); handled++) {
    if (handled > 100_000) throw new Error('still going on');
    watch(simulation);
  }
  return { simulation, events };
}

describe('laws of any deployment under any load', () => {
  test('REQ-1, REQ-3, SCH-5 requests, blocks and bytes are conserved, lives are in order, nothing idles that could work, the same again', () => {
    let idle = 0;
    const ways = new Set<string>();
    fc.assert(
      fc.property(cases, fc.nat(5), ({ plant, requests, concurrency }, chains) => {
        const source = () => (chains > 0 ? chained(requests, chains) : listed(requests, concurrency));
        const looks = watcher();
        const { simulation, events } = watched(plant, source(), looks.watch);
        idle += looks.idle();
        for (const way of inOrder(events, requests.length)) ways.add(way);
        leavesNothing(simulation);
        expect(JSON.stringify(watched(plant, source(), () => {}).events)).toBe(JSON.stringify(events));
        // What requests were told to have sent is what began to travel; links carry all of that (moving.test.ts).
        const sent = { push: 0, read: 0 };
        for (const event of events) if (event.kind === 'transfer-begun') sent[event.errand] += event.bytes;
        const { push, read } = simulation.transport.begun;
        expect(sent).toEqual({ push, read });
        // Tokens: what was served is what was asked for.
        const all = whole(simulation);
        const answers = events.flatMap((event) => (event.kind === 'finished' ? [event.outputTokens] : []));
        expect(all.outputTokens).toBe(answers.reduce((total, tokens) => total + tokens, 0));
        expect(all.outputServed).toBeCloseTo(all.outputTokens, 6);
      }),
      { numRuns: 700, endOnFailure: true },
    );
    expect(idle).toBeGreaterThan(1000);
    for (const way of ['prefilled first-token', 'moved first-token', 'preempted scheduled', 'preempted routed', 'arrived rejected', 'routed fetched'])
      expect([way, ways.has(way)]).toEqual([way, true]);
  }, 120_000);

  test('FLT-1, FLT-2, FLT-10, REQ-1, TIM-3 the same under any faults: every request ends once, nothing is left behind, the same again', () => {
    const seen = { interrupted: 0, failed: 0, restored: 0, narrowed: 0, widened: 0 };
    fc.assert(
      fc.property(cases, trouble, ({ plant, requests, concurrency }, drawn) => {
        const { simulation, events, records } = troubled(plant, requests, drawn, concurrency, watcher().watch);
        expect(JSON.stringify(troubled(plant, requests, drawn, concurrency).events)).toBe(JSON.stringify(events));
        inOrder(events, requests.length);
        leavesNothing(simulation);
        const { arrived, finished, rejected, failed, waiting, running } = simulation.snapshot();
        expect([arrived, waiting, running]).toEqual([requests.length, 0, 0]);
        expect(finished + rejected + failed).toBe(arrived);
        seen.interrupted += events.filter(({ kind }) => kind === 'interrupted').length;
        seen.failed += failed;
        const narrowed = records.filter(({ wentOnAt }) => wentOnAt !== undefined);
        seen.narrowed += narrowed.length;
        seen.widened += narrowed.filter(({ restoredAt }) => restoredAt !== undefined).length;
        seen.restored += records.filter(({ restoredAt }) => restoredAt !== undefined).length;
      }),
      { numRuns: 500, endOnFailure: true },
    );
    for (const [path, times] of Object.entries(seen)) expect([path, times > 0]).toEqual([path, true]);
  }, 120_000);

  test('RTE-1, SCH-9, ADM-1 nobody knows how long an answer will be: a longer one changes nothing before the shorter one would have ended', () => {
    let compared = 0;
    fc.assert(
      fc.property(cases, fc.nat(23), fc.integer({ min: 1, max: 40 }), ({ plant, requests, concurrency }, which, more) => {
        const at = which % requests.length;
        const longer = requests.map((request, i) => (i === at ? { ...request, outputTokens: request.outputTokens + more } : request));
        const short = watched(plant, listed(requests, concurrency), () => {}).events;
        const long = watched(plant, listed(longer, concurrency), () => {}).events;
        const end = short.find((event) => event.kind === 'finished' && event.request === at)?.at ?? Infinity;
        const until = (events: readonly SimulationEvent[]) => events.filter((event) => event.at < end);
        expect(JSON.stringify(until(long))).toBe(JSON.stringify(until(short)));
        compared += until(short).length;
      }),
      { numRuns: 300, endOnFailure: true },
    );
    expect(compared).toBeGreaterThan(10_000);
  }, 120_000);
});
