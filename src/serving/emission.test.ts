import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Acceptance } from './acceptance.ts';
import { cases, listed } from './cases.contract.ts';
import { mergedPlant, request, splitPlant, tick } from './plants.contract.ts';
import { finished, whole } from './run.contract.ts';

describe('what comes out at the end of an iteration', () => {
  test('EMT-1 a sequence ends with the step that brings its tokens to its length', () => {
    const ends = (acceptance: readonly number[], output: number) => finished(mergedPlant({ acceptance }), listed([request(0, 1, output)])).simulation.steps;
    expect([1, 2, 3, 9].map((output) => ends([], output))).toEqual([1, 2, 3, 9]);
    // One token with the prompt, then two or three a step.
    expect([1, 2, 3, 4, 9].map((output) => ends([1], output))).toEqual([1, 2, 2, 3, 5]);
    expect([1, 2, 4, 5, 9].map((output) => ends([1, 1], output))).toEqual([1, 2, 2, 3, 4]);
    expect(ends([0, 1], 9)).toBe(9);
  });

  test('EMT-1 drafts are accepted in a row, each with its chance where those before it were', () => {
    const draws = new Acceptance(12345, [0.6, 0.5]);
    const count = [0, 0, 0];
    for (let request = 0; request < 300; request++) for (let step = 0; step < 100; step++) count[draws.emitted(request, step) - 1]! += 1;
    // Five standard deviations of a share of 30,000.
    for (const [k, chance] of [0.4, 0.3, 0.3].entries())
      expect(Math.abs((count[k] ?? 0) / 30_000 - chance)).toBeLessThan(5 * Math.sqrt((chance * (1 - chance)) / 30_000));
    const output = 60;
    const { simulation } = finished(mergedPlant({ acceptance: [0.6, 0.5] }, { seed: 12345 }), listed([request(0, 1, output)]));
    let steps = 0;
    for (let tokens = 1; tokens < output; steps++) tokens += draws.emitted(0, steps);
    expect(simulation.steps).toBe(1 + steps);
  });

  test('EMT-2 first tokens, then ends in order of joining, then prompts completed', () => {
    const { events } = finished(mergedPlant({ ranks: 2 }), listed([request(0, 1, 4), request(0, 3, 4), request(2.5 * tick, 1, 1), request(2.5 * tick, 2, 1)]));
    const last = events.filter((event) => event.at === 4 * tick && event.kind !== 'step');
    expect(last.map((event) => [event.kind, 'request' in event ? event.request : -1])).toEqual([
      ['finished', 0],
      ['finished', 1],
      ['prefilled', 2],
      ['first-token', 2],
      ['finished', 2],
      ['prefilled', 3],
      ['first-token', 3],
      ['finished', 3],
    ]);
  });

  test('EMT-3 the first token comes with the prompt where the prefill puts it out, else with the first decode step behind the push', () => {
    const life = (plant: Parameters<typeof finished>[0]) => finished(plant, listed([request(0, 1024, 3)])).timelines[0];
    const room = { kvBlocks: 2000, tokenBudget: 2000 };
    const long = { maxContext: 1999 };
    expect(life(mergedPlant(room, long))).toMatchObject({ prefilled: tick, firstToken: tick, finished: 3 * tick });
    // The push of 1024 tokens takes one tick.
    expect(life(splitPlant(room, room, { ...long, firstToken: 'prefill' }))).toMatchObject({ firstToken: tick, moved: 2 * tick, finished: 4 * tick });
    expect(life(splitPlant(room, room, { ...long, firstToken: 'decode' }))).toMatchObject({ firstToken: 3 * tick, moved: 2 * tick, finished: 5 * tick });
  });

  test('EMT-4 the gaps of a request add up to the time from its first token to its last', () => {
    fc.assert(
      fc.property(cases, ({ plant, requests, concurrency }) => {
        const { simulation, timelines } = finished(plant, listed(requests, concurrency));
        const { itl, tpot, ttft, e2e } = whole(simulation);
        const decoding = timelines.reduce((sum, life) => sum + life.finished - life.firstToken, 0);
        expect(itl.sum()).toBeCloseTo(decoding, 9);
        expect(tpot.count).toBe(timelines.filter(({ output }) => output > 1).length);
        expect(e2e.sum() - ttft.sum()).toBeCloseTo(decoding, 9);
      }),
    );
  });

  test('EMT-4 without speculation TPOT is the mean gap', () => {
    const { simulation } = finished(mergedPlant(), listed([request(0, 4, 9)]));
    const { tpot, itl } = whole(simulation);
    expect([tpot.mean(), itl.mean(), itl.count]).toEqual([tick, tick, 8]);
  });
});
