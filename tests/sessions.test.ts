import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readTraceFile } from '../cli/traces.ts';
import { linesOf } from '../schema/traces/lines.ts';
import { readTrace } from '../schema/traces/read-trace.ts';
import { InputError } from '../src/base/errors.ts';
import type { RecordedSessions } from '../src/serving/traffic/session.ts';
import { sessionStatistics } from '../src/serving/traffic/session-statistics.ts';
import { sourcesHere, traceRoot } from './workload-sources.ts';

async function* chunks(...parts: readonly string[]): AsyncGenerator<string> {
  yield* parts;
}

const session = (requests: readonly object[], rest: object = {}): string => JSON.stringify({ id: 'a', block_size: 4, requests, ...rest });
const turn = (t: number, input: number, rest: object = {}): object => ({
  t,
  in: input,
  out: 2,
  hash_ids: Array.from({ length: Math.floor(input / 4) }, (_, i) => i),
  ...rest,
});

async function read(...lines: readonly string[]): Promise<RecordedSessions> {
  const { format, content } = await readTrace(linesOf(chunks(lines.join('\n'))), 'trace');
  expect(format).toBe('weka');
  if (content.kind !== 'sessions') throw new Error('expected sessions');
  return content.sessions;
}

async function problemsOf(...lines: readonly string[]): Promise<readonly string[]> {
  try {
    await read(...lines);
  } catch (error) {
    if (error instanceof InputError) return error.issues.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

describe('sessions in the WEKA format', () => {
  test('think times are those stated, else what lies between answer and next request', async () => {
    const { plans, leftOut } = await read(
      session([turn(0, 9), turn(20, 13, { think_time: 7, api_time: 3 }), turn(30, 13), turn(40, 14, { think_time: 1 })]),
      session([turn(5, 8)]),
    );
    expect(plans.map(({ agents }) => agents.map(({ think }) => [...think]))).toEqual([[[0, 7, 7, 1]], [[0]]]);
    expect(leftOut).toBe(0);
  });

  test('a request without output is left out, and its think time goes to the next one', async () => {
    const { plans, leftOut } = await read(session([turn(0, 9, { out: 0 }), turn(1, 9), turn(9, 9, { out: 0, think_time: 4 }), turn(12, 9, { think_time: 2 })]));
    expect([...(plans[0]?.agents[0]?.think ?? [])]).toEqual([0, 6]);
    expect(leftOut).toBe(2);
  });

  test('blocks may be plain or run-length coded', async () => {
    const plain = await read(session([turn(0, 21, { hash_ids: [3, 4, 9, 10, 11] })]));
    const coded = await read(session([turn(0, 21, { hash_ids: [3, 2, 9, 3] })]));
    expect(plain).toEqual(coded);
    expect(plain.plans[0]).toMatchObject({ ids: 12, agents: [{ runs: Int32Array.of(3, 2, 9, 3) }] });
  });

  test('sub-agents start where they were sent out; the parent waits for those that came back before its next turn', async () => {
    const helper = (t: number, duration: number | null) => ({
      type: 'subagent',
      t,
      duration_ms: duration,
      requests: [turn(0, 8), turn(3, 12, { think_time: 1 })],
    });
    const { plans } = await read(
      session([
        turn(0, 9, { api_time: 4 }),
        helper(25, 20_000),
        helper(30, 24_500),
        turn(36, 13, { api_time: 2, think_time: 32 }),
        helper(40, null),
        turn(50, 17, { think_time: 12 }),
      ]),
    );
    const agents = plans[0]?.agents.map(({ parent, awaited, think }) => ({ parent, awaited, think: [...think] }));
    expect(agents).toEqual([
      { parent: -1, awaited: false, think: [0, 6, 12] },
      { parent: 0, awaited: true, think: [1, 1] },
      { parent: 0, awaited: true, think: [1.5, 1] },
      { parent: 1, awaited: false, think: [2, 1] },
    ]);
  });

  test.each<readonly [string, string, RegExp]>([
    ['no block size', JSON.stringify({ id: 'a', block_size: 0, requests: [] }), /line 1: block_size: expected a whole number/],
    ['no list', JSON.stringify({ id: 'a', block_size: 4, requests: 5 }), /requests: expected a list/],
    ['no prompt', session([turn(0, 0)]), /requests\[0\]\.in: expected a number from 1, got 0/],
    ['half a token', session([turn(0, 8.5, { hash_ids: [1, 2] })]), /whole numbers/],
    ['no time', session([turn(0, 9, { t: 'noon' })]), /requests\[0\]\.t: expected a number from 0, got "noon"/],
    ['too few blocks', session([turn(0, 9), turn(1, 40, { hash_ids: [1, 2, 3] })]), /requests\[1\]\.hash_ids: expected 10 block ids, plain or as pairs/],
    ['blocks in words', session([turn(0, 9, { hash_ids: ['a', 'b'] })]), /whole numbers from 0 to 2\^31 as block ids, got "a"/],
    ['a sub-agent without requests', session([turn(0, 9), { type: 'subagent', t: 3 }]), /subagent: expected t and a list/],
    ['a sub-agent with a bad one', session([{ type: 'subagent', t: 3, requests: [turn(0, 9, { out: -1 })] }]), /subagent\.requests\[0\]\.out/],
    ['broken JSON', '{"id": 1, "block_size": 4, "requests": [', /broken JSON/],
    ['nothing that can be served', session([turn(0, 9, { out: 0 })]), /no sessions/],
  ])('%s is refused with its line', async (_, line, message) => {
    expect((await problemsOf(line)).join('\n')).toMatch(message);
  });

  test('block sizes of a file agree', async () => {
    expect(await problemsOf(session([turn(0, 9)]), session([], { block_size: 8 }))).toEqual([
      'trace: line 2: block_size: expected 4 as in the sessions before, got 8',
    ]);
  });
});

describe.skipIf(!sourcesHere)('the published sessions', () => {
  const near = (found: number | undefined, expected: number, tolerance = 0.003) => {
    expect(Math.abs((found ?? Number.NaN) / expected - 1), `${found} beside ${expected}`).toBeLessThan(tolerance);
  };

  test('read as described: sessions, lengths, pauses, hits', async () => {
    const { content } = await readTraceFile(`${traceRoot}agentic-weka/weka_cc_traces_rle.jsonl.gz`);
    if (content.kind !== 'sessions') throw new Error('expected sessions');
    const { sessions, requests, leftOut, helpers, input, output, reuse } = sessionStatistics(content.sessions);
    expect([sessions, requests + leftOut, helpers]).toEqual([710, 49_334, 63]);
    [input.mean, input.quantiles[0], input.quantiles[2], input.max].forEach((found, i) => near(found, [122_379, 103_659, 300_666, 894_371][i] ?? Number.NaN));
    [output.mean, output.quantiles[0], output.quantiles[2], output.max].forEach((found, i) => near(found, [440, 216, 1554, 18_195][i] ?? Number.NaN));
    expect(Math.abs(reuse.hitShare - 0.963)).toBeLessThan(0.0006);
  });

  test('an id always stands behind the same one, so that it names its whole prefix', async () => {
    const { content } = await readTraceFile(`${traceRoot}agentic-weka/weka_cc_traces_rle.jsonl.gz`);
    if (content.kind !== 'sessions') throw new Error('expected sessions');
    let broken = 0;
    let links = 0;
    for (const { agents, ids } of content.sessions.plans) {
      const before = new Int32Array(ids).fill(-2);
      for (const { runStart, runs } of agents)
        for (let t = 0; t + 1 < runStart.length; t++) {
          let last = -1;
          for (let r = runStart[t] ?? 0; r < (runStart[t + 1] ?? 0); r += 2)
            for (let id = runs[r] ?? 0; id < (runs[r] ?? 0) + (runs[r + 1] ?? 0); id++) {
              if (before[id] === -2) {
                before[id] = last;
                links++;
              } else if (before[id] !== last) broken++;
              last = id;
            }
        }
    }
    expect(links).toBeGreaterThan(3e6);
    expect(broken).toBe(0);
  });

  test('the published form and its run-length coded form say the same', async () => {
    const file = `${traceRoot}agentic-weka/originals/trace_0291.json`;
    const original = await readTraceFile(file);
    const name = (JSON.parse(readFileSync(file, 'utf8')) as { readonly id: string }).id;
    const coded = await readTraceFile(`${traceRoot}agentic-weka/weka_cc_traces_rle.jsonl.gz`);
    if (original.content.kind !== 'sessions' || coded.content.kind !== 'sessions') throw new Error('expected sessions');
    const [plan] = original.content.sessions.plans;
    expect(name).toMatch(/0291/);
    expect(plan?.agents.length).toBeGreaterThan(1);
    expect(coded.content.sessions.plans.filter(({ ids, agents }) => ids === plan?.ids && agents.length === plan.agents.length)).toContainEqual(plan);
  });
});
