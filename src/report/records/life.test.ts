import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { cases, listed } from '../../serving/cases.contract.ts';
import { Breaker, loss } from '../../serving/losses.contract.ts';
import { finished } from '../../serving/run.contract.ts';
import { Lives, type Life } from './life.ts';
import { requestColumns, requestRow } from './requests.ts';

test('the events tell of every request what the engine counts by, also where instances are lost', () => {
  const seen = { preempted: 0, moved: 0, rejected: 0, atPrefill: 0, interrupted: 0, failed: 0 };
  fc.assert(
    fc.property(cases, fc.array(loss, { maxLength: 3 }), ({ plant, requests, concurrency }, losses) => {
      const actors = losses.map((one) => new Breaker(one));
      const { events, timelines } = finished(plant, listed(requests, concurrency), 100_000, actors);
      const lives = new Lives();
      const ended = events.flatMap((event) => lives.tell(event) ?? []);
      expect([...lives.inFlight()]).toEqual([]);
      expect(ended.length).toBe(events.filter(({ kind }) => kind === 'arrived').length);
      const told = ended.filter(({ outcome }) => outcome === 'finished').map((life) => timelineOf(life, plant.pools.length > 1));
      expect(timelines).toMatchObject(told);
      expect(told.length).toBe(timelines.length);
      for (const life of ended) {
        expect(requestRow(life, { tenants: [], models: [] }).length).toBe(requestColumns.length);
        if (life.preemptions > 0) seen.preempted++;
        if (life.moved !== undefined) seen.moved++;
        if (life.interruptions > 0) seen.interrupted++;
        if (life.outcome === 'failed') seen.failed++;
        if (life.outcome === 'rejected') seen.rejected++;
        if (life.outcome === 'finished' && plant.pools.length > 1 && life.decode === undefined) seen.atPrefill++;
      }
    }),
    { numRuns: 300 },
  );
  for (const [path, times] of Object.entries(seen)) expect([path, times > 0]).toEqual([path, true]);
}, 30_000);

/** What ends in the prefill pool is reserved, moved and joined at once in the engine's count, and never in the events. */
function timelineOf(life: Life, decodes: boolean): unknown {
  const { request, inputTokens, outputTokens, cachedTokens, arrived, ready, scheduled, prefilled, firstToken, ended } = life;
  const moves =
    life.moved === undefined ? { reserved: ended, moved: ended, joined: ended } : { reserved: life.reserved, moved: life.moved, joined: life.joined };
  return {
    request,
    input: inputTokens,
    output: outputTokens,
    cached: cachedTokens,
    arrived,
    ready,
    scheduled,
    prefilled,
    ...(decodes ? moves : { reserved: undefined, moved: undefined, joined: undefined }),
    firstToken,
    finished: ended,
  };
}
