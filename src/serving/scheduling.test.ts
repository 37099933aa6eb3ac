import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cases, listed, syntheticPricer } from './cases.contract.ts';
import type { SimulationEvent } from './events.ts';
import { mergedPlant, probe, request, splitPlant, tick } from './plants.contract.ts';
import { finished, recorded } from './run.contract.ts';
import type { Simulation } from './simulation.ts';

type Step = Extract<SimulationEvent, { kind: 'step' }>;

const stepsOf = (events: readonly SimulationEvent[]): readonly Step[] => events.filter((event): event is Step => event.kind === 'step');
const chunksOf = (events: readonly SimulationEvent[]): readonly number[] => stepsOf(events).map(({ prefillTokens }) => prefillTokens);
const scheduledOf = (events: readonly SimulationEvent[]): readonly (readonly number[])[] =>
  events.flatMap((event) => (event.kind === 'scheduled' ? [[event.request, event.at / tick]] : []));

/** Idle instances that have something they could compute. */
function idleWithoutReason(simulation: Simulation): readonly number[] {
  return simulation.pools.flatMap(({ plant, instances }) =>
    instances.flatMap(({ running, ranks, pipeline, index }) => {
      if (running || (pipeline?.waiting.includes(index) === true && pipeline.freeAt > simulation.now)) return [];
      const blocked = ranks.every((rank) => {
        if (rank.members.length + rank.prefilling.length > 0 || rank.columns.ready.first(rank.at) >= 0) return false;
        const next = rank.waiting.size > 0 ? (simulation.table.prompt[rank.waiting.first] ?? 0) : Infinity;
        const kept = rank.kv.sequences > 0 ? plant.watermarkBlocks : 0;
        return rank.room < Math.ceil(next / plant.blockTokens) + plant.stateBlocks + kept;
      });
      return blocked ? [] : [index];
    }),
  );
}

describe('what an iteration computes', () => {
  test('SCH-1 a sequence whose KV has arrived decodes from the next iteration of its instance on', () => {
    fc.assert(
      fc.property(cases, ({ plant, requests, concurrency }) => {
        if (plant.transfer === undefined) return;
        const { events, timelines } = finished(plant, listed(requests, concurrency));
        for (const { request: number, moved, joined, reserved } of timelines) {
          const arrival = events.findLast((event) => event.kind === 'moved' && event.request === number);
          if (arrival?.kind !== 'moved' || reserved === joined) continue;
          const next = stepsOf(events).find((step) => step.instance === arrival.instance && step.at >= (moved ?? 0) && step.decoding > 0);
          expect(joined).toBe(next?.at);
        }
      }),
    );
  });

  test('SCH-2 sequences grow alike, by whole tokens whose mean is what a step emits', () => {
    const pricer = probe();
    finished(mergedPlant({ acceptance: [0.5], pricer }), listed([request(0, 10, 90)]));
    const contexts = pricer.asked.slice(1, 6).map(({ rank }) => rank.decodeContext);
    expect(contexts).toEqual([10, 11, 13, 14, 16]);
    expect(pricer.asked[1]?.rank.queryTokens).toBe(2);
  });

  test('SCH-2 the blocks of a sequence are those of its tokens', () => {
    const { simulation } = recorded(mergedPlant({ blockTokens: 4, kvBlocks: 20 }, { maxContext: 80 }), listed([request(0, 6, 12)]));
    const used: number[] = [];
    for (let t = 0.5; t < 8; t++) {
      simulation.advance(t * tick);
      used.push(simulation.pools[0]?.instances[0]?.ranks[0]?.usedBlocks ?? -1);
    }
    // The prompt's 6 tokens, then 7, 8, 9 and so on while each decode step runs.
    expect(used).toEqual([2, 2, 2, 3, 3, 3, 3, 4]);
  });

  test('SCH-3 the sequence admitted last gives way, goes to the front of the queue and computes its prompt and answer again', () => {
    const { events } = finished(
      mergedPlant({ kvBlocks: 12, maxSequences: 2 }, { maxContext: 12 }),
      listed([request(0, 3, 8), request(0, 3, 8), request(0, 2, 1)]),
    );
    const preempted = events.filter(({ kind }) => kind === 'preempted');
    expect(preempted).toMatchObject([{ request: 1, at: 4 * tick }]);
    // It has put out four tokens by then: one with its prompt, three decoding.
    expect(chunksOf(events)).toEqual([6, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0]);
    expect(scheduledOf(events)).toEqual([
      [0, 0],
      [1, 0],
      [1, 8],
      [2, 8],
    ]);
  });

  test('SCH-3 what a decode pool drops goes back to prefill through the router', () => {
    const { events } = finished(splitPlant({}, { kvBlocks: 12 }, { maxContext: 11 }), listed([request(0, 3, 8), request(0, 3, 8)]));
    const again = events.filter(
      (event) => 'request' in event && event.request === 1 && ['scheduled', 'preempted', 'moved', 'first-token'].includes(event.kind),
    );
    expect(again.map(({ kind }) => kind)).toEqual(['scheduled', 'first-token', 'moved', 'preempted', 'scheduled', 'moved']);
  });

  test('SCH-4, SCH-5 an iteration stays within the token budget, prompts under way first', () => {
    const { events } = finished(mergedPlant({ tokenBudget: 4 }), listed([request(0, 10, 4), request(0, 3, 1)]));
    // 10 = 4 + 4 + 2, and 2 of the next; then one decodes and leaves 3.
    expect(stepsOf(events).map(({ decoding, prefillTokens }) => [decoding, prefillTokens])).toEqual([
      [0, 4],
      [0, 4],
      [0, 4],
      [1, 1],
      [1, 0],
      [1, 0],
    ]);
    fc.assert(
      fc.property(cases, ({ plant, requests, concurrency }) => {
        for (const step of stepsOf(finished(plant, listed(requests, concurrency)).events)) {
          const { ranks, tokenBudget, maxSequences } = plant.pools.find(({ name }) => name === step.pool) as (typeof plant.pools)[number];
          expect(step.prefillTokens).toBeLessThanOrEqual(tokenBudget * ranks);
          expect(step.decoding).toBeLessThanOrEqual(maxSequences * ranks);
        }
      }),
    );
  });

  test('SCH-4 drafts take of the budget too', () => {
    const { events } = finished(mergedPlant({ tokenBudget: 7, acceptance: [0, 0] }), listed([request(0, 3, 3), request(0, 10, 1)]));
    expect(stepsOf(events).map(({ decoding, prefillTokens }) => [decoding, prefillTokens])).toEqual([
      [0, 7],
      [1, 4],
      [1, 2],
    ]);
  });

  test('SCH-5 prompts are admitted in order while places and blocks last; the first that does not fit stops the queue', () => {
    const places = finished(mergedPlant({ maxSequences: 2 }), listed([request(0, 2, 3), request(0, 2, 2), request(0, 2, 1)]));
    expect(scheduledOf(places.events).map(([, at]) => at)).toEqual([0, 0, 2]);
    const blocks = finished(mergedPlant({ kvBlocks: 20 }, { maxContext: 20 }), listed([request(0, 8, 2), request(0, 15, 2), request(0, 1, 1)]));
    expect(scheduledOf(blocks.events).map(([, at]) => at)).toEqual([0, 2, 2]);
  });

  test('SCH-5 the watermark stays free beside others, and a prompt alone may take it', () => {
    const requests = [request(0, 5, 2), request(0, 4, 1)];
    const at = (watermarkBlocks: number) => scheduledOf(finished(mergedPlant({ kvBlocks: 12, watermarkBlocks }, { maxContext: 10 }), listed(requests)).events);
    expect(at(3).map(([, tick]) => tick)).toEqual([0, 0]);
    expect(at(4).map(([, tick]) => tick)).toEqual([0, 2]);
    const alone = finished(mergedPlant({ kvBlocks: 12, watermarkBlocks: 11 }, { maxContext: 10 }), listed([request(0, 9, 1)]));
    expect(alone.timelines).toHaveLength(1);
  });

  test('SCH-5 a sequence takes the blocks of its states, however short it is, until it ends', () => {
    const requests = Array.from({ length: 4 }, () => request(0, 2, 3));
    const at = (stateBlocks: number) => scheduledOf(finished(mergedPlant({ kvBlocks: 24, stateBlocks }, { maxContext: 10 }), listed(requests)).events);
    expect(at(0).map(([, tick]) => tick)).toEqual([0, 0, 0, 0]);
    expect(at(8).map(([, tick]) => tick)).toEqual([0, 0, 3, 3]);
  });

  test('SCH-5 no rank ever holds more blocks than it has, and none in the end', () => {
    fc.assert(
      fc.property(cases, ({ plant, requests, concurrency }) => {
        const { simulation } = recorded(plant, listed(requests, concurrency));
        const ranks = simulation.pools.flatMap(({ instances }) => instances.flatMap((instance) => instance.ranks));
        const blocks = [...new Set(ranks.map(({ kv }) => kv))];
        const fits = () => blocks.every(({ used, cache, unitBlocks, total }) => used >= 0 && used + (cache?.evictable ?? 0) * unitBlocks <= total);
        while (simulation.step()) expect(fits()).toBe(true);
        for (const rank of ranks) expect([rank.usedBlocks, rank.queuedTokens, rank.sequences, rank.waiting.size]).toEqual([0, 0, 0, 0]);
      }),
    );
  });

  test('SCH-5 no instance is idle while there is something that it could compute', () => {
    fc.assert(
      fc.property(cases, ({ plant, requests, concurrency }) => {
        const { simulation } = recorded(plant, listed(requests, concurrency));
        while (simulation.step()) expect(simulation.nextEventAt > simulation.now + 2 ** -30 ? idleWithoutReason(simulation) : []).toEqual([]);
        expect(simulation.snapshot()).toMatchObject({ waiting: 0, running: 0 });
      }),
    );
  }, 30_000);

  test('SCH-6 the slowest rank sets the pace, and the tokens of all ranks meet', () => {
    const pricer = probe(syntheticPricer([100, 0, 0, 1, 0, 1]));
    const { events } = finished(mergedPlant({ ranks: 3, pricer }), listed([request(0, 2, 1), request(0, 20, 1), request(0, 5, 1)]));
    const pairs = [3, 210, 15];
    expect(stepsOf(events)).toMatchObject([{ prefillTokens: 27, duration: (100 + Math.max(...pairs) + 27) / 2 ** 20 }]);
    expect(pricer.asked.every(({ instanceTokens }) => instanceTokens === 27)).toBe(true);
  });

  test('SCH-6 a chunk attends to what was computed before it', () => {
    const pricer = probe();
    finished(mergedPlant({ tokenBudget: 4, pricer }), listed([request(0, 10, 1)]));
    const batches = pricer.asked.map(({ rank }) => [rank.prefillTokens, rank.prefillPairs, rank.prefillContext, rank.prefillSequences]);
    expect(batches).toEqual([
      [4, 10, 4, 1],
      [4, 26, 8, 1],
      [2, 19, 10, 1],
    ]);
  });

  test('SCH-7 what comes while an iteration runs waits one longer where iterations are formed ahead', () => {
    const requests = [request(0, 5, 6), request(0.5 * tick, 5, 6)];
    expect(scheduledOf(finished(mergedPlant(), listed(requests)).events)).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect(scheduledOf(finished(mergedPlant({ ahead: true }), listed(requests)).events)).toEqual([
      [0, 0],
      [1, 2],
    ]);
  });

  test('SCH-8 where prompts go first, what decodes stands still while prompts are computed, and has nothing of their budget', () => {
    const plant = { tokenBudget: 4, prefillFirst: true } as const;
    const requests = [request(0, 2, 4), request(1.5 * tick, 9, 2)];
    const work = ({ events }: { readonly events: readonly SimulationEvent[] }): unknown => stepsOf(events).map((step) => [step.decoding, step.prefillTokens]);
    expect(work(finished(mergedPlant({ ...plant, prefillFirst: false }), listed(requests)))).toEqual([
      [0, 2],
      [1, 0],
      [1, 3],
      [1, 3],
      [0, 3],
      [1, 0],
    ]);
    const { events, timelines } = finished(mergedPlant(plant), listed(requests));
    expect(work({ events })).toEqual([
      [0, 2],
      [1, 0],
      [0, 4],
      [0, 4],
      [0, 1],
      [2, 0],
      [1, 0],
    ]);
    expect(timelines.map(({ request: number, finished: at }) => [number, (at ?? 0) / tick])).toEqual([
      [1, 6],
      [0, 7],
    ]);
  });

  test('SCH-8 no iteration of such an instance has both', () => {
    fc.assert(
      fc.property(cases, ({ plant, requests, concurrency }) => {
        if (plant.pools[0]?.prefillFirst !== true) return;
        const { events } = finished(plant, listed(requests, concurrency));
        for (const { decoding, prefillTokens } of stepsOf(events)) expect(Math.min(decoding, prefillTokens)).toBe(0);
      }),
    );
  });

  test('SCH-7 an instance that has run dry looks at what came late at once', () => {
    const requests = [request(0, 5, 1), request(0.5 * tick, 5, 1)];
    expect(scheduledOf(finished(mergedPlant({ ahead: true }), listed(requests)).events)).toEqual([
      [0, 0],
      [1, 1],
    ]);
  });

  test('SCH-14 what comes while an iteration runs waits until the instance looks: behind prompts, and behind every fourth without here', () => {
    const requests = [request(0, 5, 9), request(1.5 * tick, 5, 9), request(2.5 * tick, 5, 9)];
    expect(scheduledOf(finished(mergedPlant({ pollEvery: 4 }), listed(requests)).events)).toEqual([
      [0, 0],
      [1, 5],
      [2, 5],
    ]);
    expect(scheduledOf(finished(mergedPlant({ pollEvery: 1 }), listed(requests)).events)).toEqual(
      scheduledOf(finished(mergedPlant({ ahead: true }), listed(requests)).events),
    );
  });

  test('SCH-15 an iteration with prompts takes at least the time to launch it, one without does not', () => {
    const { events } = finished(mergedPlant({ launching: 3 * tick }), listed([request(0, 5, 3)]));
    expect(stepsOf(events).map(({ duration }) => duration / tick)).toEqual([3, 1, 1]);
  });
});
