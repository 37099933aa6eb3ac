import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { runsOf } from '../../src/kernel/id-runs.ts';
import { Filler } from '../../server/tokens/filler.ts';
import { shipped } from '../../server/tokens/shipped.ts';
import { emptyArrival, type Arrival } from '../../src/serving/traffic/arrival.ts';
import { requestSource } from '../../src/serving/traffic/source.ts';
import { loadScenario } from '../scenario.ts';
import type { ClientRecord } from './answer.ts';
import { benchResult } from './bench-result.ts';
import { StreamClient } from './client.ts';
import { drive } from './driver.ts';
import { objectivesOf, pairsOf } from './flags.ts';
import { ClientMeter } from './meter.ts';
import { promptOf } from './prompts.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A server on the loopback that answers as it is told. */
async function served(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  closing.push(() => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/completions`;
}

async function asked(answer: (request: IncomingMessage, response: ServerResponse) => void, signal?: AbortSignal): Promise<ClientRecord> {
  const client = new StreamClient(300, (text) => shipped.encode(text).length);
  closing.push(async () => client.close());
  return client.ask({ url: await served(answer), headers: {}, body: '{}', inputTokens: 7 }, signal ?? new AbortController().signal);
}

const chunk = (text: string): string => `data: ${JSON.stringify({ choices: [{ text }] })}\n\n`;
const usage = `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 4 } } })}\n\n`;
const done = 'data: [DONE]\n\n';

describe('a stream', () => {
  const texts = ['Grüße ', '👩‍🚀', ' 日本\n', 'end'];
  const stream = `: a comment\r\n\r\n${texts.map(chunk).join('').replaceAll('\n', '\r\n')}event: other\ndata: {"choices":[{"delta":\ndata: {"content":"!"}}]}\n\n${usage}${done}`;

  test('is read the same however it is cut into packets', async () => {
    const bytes = Buffer.from(stream);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 6 }), async (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const record = await asked((_, response) => {
          void (async () => {
            for (const [i, from] of places.slice(0, -1).entries()) {
              response.write(bytes.subarray(from, places[i + 1]));
              await new Promise(setImmediate);
            }
            response.end();
          })();
        });
        expect(record).toMatchObject({ text: `${texts.join('')}!`, problem: undefined, inputTokens: 5, outputTokens: 3, cachedTokens: 4 });
        expect(record.heardAt).toHaveLength(5);
      }),
      { numRuns: 30 },
    );
  });

  test('counts what is in an answer, not empty parts: the first text is the first token', async () => {
    const record = await asked((_, response) => {
      response.write(`data: ${JSON.stringify({ choices: [{ delta: { role: 'assistant', content: '' } }] })}\n\n`);
      setTimeout(() => {
        response.write(`data: ${JSON.stringify({ choices: [{ delta: { reasoning_content: 'hm' } }] })}\n\n`);
        response.end(`data: ${JSON.stringify({ choices: [{ delta: { content: ' so' } }] })}\n\n${done}`);
      }, 60);
    });
    expect(record.heardAt).toHaveLength(2);
    expect((record.heardAt[0] ?? 0) - record.sentAt).toBeGreaterThan(50);
    // No usage: it is counted here.
    expect([record.inputTokens, record.outputTokens, record.cachedTokens]).toEqual([7, shipped.encode('hm so').length, undefined]);
  });

  test.each<[string, (request: IncomingMessage, response: ServerResponse) => void, string]>([
    ['a refusal', (_, response) => response.writeHead(429).end('{"error":{"message":"too many","code":429}}'), 'HTTP 429: too many'],
    ['a page', (_, response) => response.writeHead(502).end('<h1>Bad\nGateway</h1>'), 'HTTP 502: <h1>Bad Gateway</h1>'],
    ['no end', (_, response) => response.end(chunk('a')), 'the stream ended before [DONE]'],
    ['an error in the stream', (_, response) => response.end(`${chunk('a')}data: {"error":{"message":"lost"}}\n\n${done}`), 'error in the stream: lost'],
    ['no JSON', (_, response) => response.end(`data: {oops\n\n${done}`), 'an event that is no JSON: {oops'],
    ['nothing', (_, response) => response.end(done), 'an answer without any text'],
    [
      'a cut',
      (_, response) => {
        response.write(chunk('a'));
        setTimeout(() => response.destroy(), 20);
      },
      'ECONNRESET: aborted',
    ],
    ['silence', (_, response) => void response.write(chunk('a')), 'no sign of the server for 300 ms'],
  ])('with %s has a problem that says so', async (_, answer, problem) => {
    expect((await asked(answer)).problem).toBe(problem);
  });

  test('on a connection that the server has given up is asked for again on another', async () => {
    const used = new WeakSet();
    let dropped = 0;
    const url = await served(({ socket }, response) => {
      if (used.has(socket)) {
        dropped++;
        socket.destroy();
        return;
      }
      used.add(socket);
      response.end(`${chunk('a')}${done}`);
    });
    const client = new StreamClient(300, () => 1);
    closing.push(async () => client.close());
    for (let i = 0; i < 4; i++)
      expect((await client.ask({ url, headers: {}, body: '{}', inputTokens: 1 }, new AbortController().signal)).problem).toBeUndefined();
    expect(dropped).toBeGreaterThan(0);
  });

  test('of a server that is not there has a problem too, and one that is given up', async () => {
    const client = new StreamClient(300, () => 0);
    const record = await client.ask({ url: 'http://127.0.0.1:1/v1/completions', headers: {}, body: '', inputTokens: 1 }, new AbortController().signal);
    expect(record.problem).toMatch(/^ECONNREFUSED/);
    const leaving = new AbortController();
    setTimeout(() => leaving.abort(), 30);
    expect((await asked((_, response) => void response.write(chunk('a')), leaving.signal)).problem).toBe('given up');
  });
});

describe('prompts', () => {
  const filler = new Filler(shipped);
  const arrival = (of: Partial<Arrival>): Arrival => ({ ...emptyArrival(), ...of });

  test('have as many tokens as the workload says, and share just the blocks that it shares', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 120 }), fc.array(fc.nat(50), { maxLength: 5 }), fc.nat(4), fc.nat(1000), (inputTokens, blocks, same, number) => {
        const one = arrival({ inputTokens, prefix: runsOf(blocks), blockTokens: 16 });
        const ids = shipped.encode(promptOf(filler, one, number));
        expect(ids).toHaveLength(inputTokens);
        const shared = Math.min(same, blocks.length, Math.floor(inputTokens / 16));
        const other = arrival({ inputTokens: 120, prefix: runsOf(blocks, 0, shared), blockTokens: 16 });
        const others = shipped.encode(promptOf(filler, other, number + 1));
        expect(others.slice(0, 16 * shared)).toEqual(ids.slice(0, 16 * shared));
      }),
    );
    const [a, b] = [1, 2].map((number) => promptOf(filler, arrival({ inputTokens: 40 }), number));
    expect(a).not.toBe(b);
  });
});

describe('the driver', () => {
  const generator = (
    arrivals: { kind: 'closed'; concurrency: number } | { kind: 'poisson'; rate: number },
    requests: number,
  ): ReturnType<typeof requestSource> =>
    requestSource({ kind: 'generator', name: 'x', arrivals, input: { kind: 'fixed', tokens: 5 }, output: { kind: 'fixed', tokens: 5 }, requests, seed: 1 });

  test.each([
    ['a closed loop', { kind: 'closed', concurrency: 4 } as const, Infinity, 4],
    ['an open loop behind a limit', { kind: 'poisson', rate: 5000 } as const, 3, 3],
  ])('keeps %s within what may be in flight, and sends all', async (_, arrivals, maxConcurrency, most) => {
    let inFlight = 0;
    let highest = 0;
    const numbers: number[] = [];
    await drive(generator(arrivals, 50), {
      maxConcurrency,
      signal: new AbortController().signal,
      send: async (_request, number) => {
        numbers.push(number);
        highest = Math.max(highest, ++inFlight);
        await new Promise(setImmediate);
        inFlight--;
      },
    });
    expect(highest).toBe(most);
    expect(numbers).toEqual(Array.from({ length: 50 }, (_n, i) => i));
  });

  test('sends requests when they are due', async () => {
    const source = generator({ kind: 'poisson', rate: 200 }, 40);
    const due: number[] = [];
    const again = generator({ kind: 'poisson', rate: 200 }, 40);
    const incoming = emptyArrival();
    while (again.next(incoming)) due.push(incoming.arrivedAt);
    const begun = performance.now();
    const sent: number[] = [];
    const schedule = await drive(source, {
      maxConcurrency: Infinity,
      signal: new AbortController().signal,
      send: async () => void sent.push((performance.now() - begun) / 1000),
    });
    expect(sent).toHaveLength(40);
    // Never before its time, but for the rounding of timers to 1 ms; how late one was is told.
    for (const [i, at] of sent.entries()) expect(at).toBeGreaterThan((due[i] ?? 0) - 0.002);
    expect(Math.max(...sent.map((at, i) => at - (due[i] ?? 0)))).toBeLessThan(schedule.late + 0.01);
  });

  test('lets turns of a session wait for one another, and sends as many as the engine would', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const { workload } = await loadScenario('examples/agentic.yaml', { requests: 60 });
      const busy = new Set<number>();
      let sent = 0;
      let overlaps = 0;
      const run = drive(requestSource(workload), {
        maxConcurrency: Infinity,
        signal: new AbortController().signal,
        send: async ({ thread }) => {
          sent++;
          if (busy.has(thread)) overlaps++;
          busy.add(thread);
          await new Promise((ended) => setTimeout(ended, 2000));
          busy.delete(thread);
        },
      });
      const clock = { stands: false };
      void run.then(() => (clock.stands = true));
      while (!clock.stands) await vi.advanceTimersByTimeAsync(10_000);
      expect([sent, overlaps]).toEqual([60, 0]);
    } finally {
      vi.useRealTimers();
    }
  });

  test('ends at once when it is told to', async () => {
    const stopping = new AbortController();
    let sent = 0;
    await drive(generator({ kind: 'poisson', rate: 100 }, 100_000), {
      maxConcurrency: Infinity,
      signal: stopping.signal,
      send: async () => {
        if (++sent === 5) stopping.abort();
      },
    });
    expect(sent).toBe(5);
  });
});

const record = (of: Partial<ClientRecord>): ClientRecord => ({
  sentAt: 1000,
  heardAt: [1100, 1150, 1250],
  endedAt: 1260,
  inputTokens: 10,
  outputTokens: 4,
  cachedTokens: undefined,
  text: 'abc',
  problem: undefined,
  ...of,
});

describe('the result file', () => {
  const records = [
    record({}),
    record({ sentAt: 1500, heardAt: [1800], endedAt: 1801, outputTokens: 1 }),
    record({ problem: 'HTTP 429', heardAt: [], outputTokens: 0 }),
  ];
  const options = {
    date: new Date(0),
    backend: 'openai',
    model: 'm',
    tokenizer: 't',
    prompts: 3,
    rate: Infinity,
    burstiness: 1,
    maxConcurrency: 2,
    duration: 2,
    slo: { ttft: 0.2 },
    percentiles: [50, 99],
    detailed: true,
    metadata: { run: 'a' },
    begun: 1000,
  };
  const result = benchResult(records, options);

  test('has the keys of vllm bench serve', () => {
    const keys =
      'date endpoint_type backend label model_id tokenizer_id num_prompts request_rate burstiness max_concurrency duration completed failed total_input_tokens total_output_tokens request_throughput request_goodput output_throughput total_token_throughput max_output_tokens_per_s max_concurrent_requests';
    const each = ['ttft', 'tpot', 'itl', 'e2el'].flatMap((name) => ['mean', 'median', 'std', 'p50', 'p99'].map((what) => `${what}_${name}_ms`));
    const detailed = 'input_lens output_lens start_times ttfts itls generated_texts errors';
    const all = [...keys.split(' '), ...each, ...detailed.split(' '), 'run'];
    expect(Object.keys(result).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(all.toSorted((a, b) => (a < b ? -1 : 1)));
  });

  test('has the figures of its definitions', () => {
    expect(result).toMatchObject({
      date: '19700101-000000',
      request_rate: 'inf',
      completed: 2,
      failed: 1,
      total_input_tokens: 20,
      total_output_tokens: 5,
      request_throughput: 1,
      request_goodput: 0.5,
      output_throughput: 2.5,
      total_token_throughput: 12.5,
      mean_ttft_ms: 200,
      std_ttft_ms: 100,
      p99_ttft_ms: 298,
      mean_tpot_ms: 50,
      mean_itl_ms: 75,
      mean_e2el_ms: 275,
      max_output_tokens_per_s: 5,
      max_concurrent_requests: 3,
      ttfts: [0.1, 0.3, 0],
      itls: [[0.05, 0.1], [], []],
      errors: ['', '', 'HTTP 429'],
    });
  });
});

test('a meter counts as the engine does: first token, mean behind it, gaps, objectives', () => {
  const meter = new ClientMeter({ ttft: 0.05, tpot: 1 });
  const at = meter.begun;
  meter.sent();
  meter.sent();
  meter.ended(record({ sentAt: at, heardAt: [at + 100, at + 150, at + 250], endedAt: at + 260, cachedTokens: 8 }), 0);
  meter.ended(record({ sentAt: at, problem: 'HTTP 503: down' }), 0);
  const [all, ...more] = meter.metrics.intervals.reduce<readonly (typeof meter.metrics.intervals)[number][]>((sum, one) => {
    if (sum[0] === undefined) return [one];
    sum[0].merge(one);
    return sum;
  }, []);
  expect(more).toEqual([]);
  expect([all?.ttft.sum(), all?.e2e.sum(), all?.tpot.sum(), all?.itl.sum(), all?.itl.count].map((one) => Number(one?.toFixed(9)))).toEqual([
    0.1, 0.25, 0.05, 0.15, 2,
  ]);
  expect([all?.arrived, all?.finished, all?.failed, all?.good, all?.missed.ttft, all?.inputServed]).toEqual([2, 1, 1, 0, 1, 10]);
  expect(all?.outputServed).toBeCloseTo(4, 9);
  expect(meter.requests).toMatchObject({ arrived: 2, finished: 1, failed: 1, running: 0, causes: [{ cause: 'HTTP 503: down', count: 1 }] });
  expect(meter.cachedTokens).toBe(8);
});

test('objectives and pairs are read in the words of other clients', () => {
  expect(objectivesOf({ goodput: ['ttft:500', 'tpot:50', 'e2el:10000'] })).toEqual({ ttft: 0.5, tpot: 0.05, e2e: 10 });
  expect(objectivesOf({ slo: 'ttft:2s' })).toEqual({ ttft: 2 });
  expect(() => objectivesOf({ slo: 'ttft:2s', goodput: ['ttft:1'] })).toThrow('another word');
  expect(pairsOf(['a=b=c'], '--header')).toEqual({ a: 'b=c' });
  expect(() => pairsOf(['ab'], '--header')).toThrow('expected key=value');
});
