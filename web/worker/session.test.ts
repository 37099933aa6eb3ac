import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadScenario } from '../../cli/scenario.ts';
import { summarise } from '../../src/report/summarise.ts';
import { createSimulation } from '../../src/serving/deploy.ts';
import type { Frame } from '../../src/report/live/frame.ts';
import { Session } from './session.ts';

const pools = fileURLToPath(new URL('../../examples/cloudmatrix384-deepseek-r1.yaml', import.meta.url));
const scenario = (requests: number) => loadScenario(pools, { requests, set: ['recovery={ detection: 200 ms, restart: 1 s }'] });
const result = ({ run }: Session): string => JSON.stringify(summarise(run, 'test'));

/** A clock that goes on by so much each time that it is looked at. [ms] */
function ticking(step: number): () => number {
  let now = 0;
  return () => (now += step);
}

/** Lets a session go on until it stands still; returns every frame. */
function played(session: Session): readonly Frame[] {
  const frames: Frame[] = [];
  while (session.moving) {
    session.tick();
    frames.push(session.frame());
  }
  return frames;
}

test('a run that is played in any pace comes to what it comes to in one go, to the last byte', async () => {
  const whole = createSimulation(await scenario(800));
  while (whole.simulation.step());
  const expected = JSON.stringify(summarise(whole, 'test'));
  for (const [speed, step] of [
    [32, 2],
    [64, 0.01],
    [400, 5],
  ] as const) {
    const session = new Session(await scenario(800), ticking(step));
    session.play(speed);
    const frames = played(session);
    expect(frames.length).toBeGreaterThan(5);
    expect(frames.every(({ at }, i) => i === 0 || at >= (frames[i - 1] as Frame).at)).toBe(true);
    expect(frames.at(-1)).toMatchObject({ done: true, playing: false });
    expect(result(session)).toBe(expected);
  }
});

test('on the way to a time that is far, what has been is shown: nothing stands at 0', async () => {
  const session = new Session(await scenario(800), ticking(5));
  session.seek(Infinity);
  const ahead = played(session).filter(({ seeking, at }) => seeking && at > 0.5);
  expect(ahead.length).toBeGreaterThan(5);
  expect(ahead.some(({ series }) => (series?.lines.output.at(-1) ?? 0) > 0)).toBe(true);
});

test('back and on again gives the same run, with what was done to it by hand', async () => {
  const session = new Session(await scenario(800), ticking(0.01));
  session.seek(0.8);
  played(session);
  const at = session.strike({ cause: 'kill', part: 'npu 17', duration: 1 });
  expect(at).toBeCloseTo(0.8, 2);
  session.seek(Infinity);
  played(session);
  const first = result(session);
  expect(session.run.faults).toMatchObject([{ kind: 'kill', text: 'npu 17', instances: 1 }]);
  for (const back of [0, 0.3, 1.1]) {
    session.seek(back);
    expect(played(session).at(-1)?.at).toBeCloseTo(back, 9);
    expect(session.run.faults).toHaveLength(back < at ? 0 : 1);
    session.seek(Infinity);
    played(session);
    expect(result(session)).toBe(first);
  }
  session.reset();
  played(session);
  session.seek(Infinity);
  played(session);
  expect(session.run.faults).toEqual([]);
});

test('what fails by hand while a run plays does so at a time that is short to write', async () => {
  const session = new Session(await scenario(800), ticking(0.37));
  session.play(0.77);
  for (let i = 0; i < 400; i++) session.tick();
  const times = ['npu 17', 'npu 40'].map((part) => {
    session.tick();
    return session.strike({ cause: 'kill', part, duration: 1 });
  });
  for (const at of times) expect(String(at)).toMatch(/^\d+\.\d{1,4}$/);
});

test('a request that ended long ago is told as it was when it ended', async () => {
  const session = new Session(await scenario(3000), ticking(0.01));
  session.seek(1.5);
  played(session);
  const then = session.frame().ended.at(-1)?.request ?? -1;
  const told = session.inspect(then);
  expect(told).toMatchObject({ request: then, outcome: 'finished' });
  session.seek(Infinity);
  played(session);
  expect(session.frame().ended.some(({ request }) => request === then)).toBe(false);
  expect(session.inspect(then)).toEqual(told);
  expect(session.inspect(3000)).toBeUndefined();
});

test('what is shown and kept does not grow with the run', async () => {
  const size = (frame: Frame): number => JSON.stringify({ ...frame, series: undefined }).length;
  const sizes: number[] = [];
  for (const requests of [2500, 10_000]) {
    const session = new Session(await scenario(requests), ticking(0.02));
    session.seek(Infinity);
    const last = played(session).at(-1) as Frame;
    expect(last.series?.count).toBeLessThanOrEqual(128);
    expect(session.iterations(Infinity).length).toBeLessThanOrEqual(4096);
    sizes.push(size(last));
  }
  expect((sizes[1] ?? 0) / (sizes[0] ?? 1)).toBeLessThan(1.1);
});

test('a fault of what is not there is refused, and nothing has happened', async () => {
  const session = new Session(await scenario(100), ticking(0.01));
  expect(() => session.strike({ cause: 'kill', part: 'npu 384' })).toThrow('expected npu 0 to 383');
  session.seek(Infinity);
  played(session);
  expect(session.run.faults).toEqual([]);
});

test('shares of the time of a pool are at most one, and sum to what its iterations took', async () => {
  const session = new Session(await scenario(3000), ticking(0.02));
  session.seek(Infinity);
  const { series } = played(session).at(-1) as Frame;
  const { intervals, width } = session.run.simulation.metrics;
  session.run.simulation.pools.forEach(({ plant }, p) => {
    const busy = [...(series?.pools[p]?.busy ?? [])];
    const took = intervals.reduce((sum, { pools: meters }) => sum + (meters[p]?.busy ?? 0), 0);
    expect(Math.max(...busy)).toBeLessThanOrEqual(1 + 1e-12);
    expect(busy.reduce((sum, share) => sum + share, 0) * width * plant.instances).toBeCloseTo(took, 6);
  });
});
