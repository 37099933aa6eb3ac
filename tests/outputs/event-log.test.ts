import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { EventLogFile } from '../../cli/outputs/event-log.ts';
import { loadScenario } from '../../cli/scenario.ts';
import { version } from '../../cli/version.ts';
import { summarise } from '../../src/report/summarise.ts';
import { createSimulation } from '../../src/serving/deploy.ts';
import { act } from '../../src/serving/external.ts';
import { emptyArrival } from '../../src/serving/traffic/arrival.ts';
import { supernode } from '../fixtures/command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'supernode-log-'));
const pools = 'examples/cloudmatrix384-deepseek-r1.yaml';
const file = (name: string): string => join(folder, name);
const log = file('run.jsonl.gz');
let lines: readonly string[];
let result: string;

beforeAll(async () => {
  const { out } = await supernode('simulate', pools, '--requests', '500', '--samples', '9', '--json', '--events-out', log);
  lines = gunzipSync(readFileSync(log)).toString().trimEnd().split('\n');
  result = out;
}, 60_000);

/** The log with its lines changed. */
function changed(name: string, change: (lines: string[]) => readonly string[]): string {
  const path = file(name);
  writeFileSync(path, `${change([...lines]).join('\n')}\n`);
  return path;
}

/** Waits until a file has something in it. */
async function written(path: string): Promise<void> {
  while ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) await new Promise((resolve) => setImmediate(resolve));
}

describe('--events-out', () => {
  test('begins with the scenario, ends with what the run came to, and holds a line for each event between', () => {
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ schema: 'supernode/events/1', version, seed: 1, scenario: { name: 'cloudmatrix384-deepseek-r1' } });
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ kind: 'end', records: lines.length - 2, interrupted: false });
    const kinds = new Set(lines.slice(1, -1).map((line) => (JSON.parse(line) as { kind: string }).kind));
    expect([...kinds].sort((a, b) => (a < b ? -1 : 1))).toEqual([
      'arrived',
      'fetched',
      'finished',
      'first-token',
      'moved',
      'prefilled',
      'routed',
      'scheduled',
      'step',
      'transfer-begun',
      'transfer-ended',
    ]);
  });
});

test('a log of clients replays: their rates and lengths are in it', async () => {
  const of = file('clients.jsonl');
  await supernode('simulate', 'examples/clients.yaml', '--requests', '300', '--no-intervals', '--json', '--events-out', of);
  const { code, out, err } = await supernode('simulate', '--replay', of, '--no-intervals');
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(/all \d+ records are equal, and so is the summary/);
});

describe('--replay', () => {
  test('every event is equal, and the result is the same bytes', async () => {
    const { code, out, err } = await supernode('simulate', '--replay', log, '--json', '--samples', '9');
    expect(err).toBe(`replayed ${log}: all ${lines.length - 2} records are equal, and so is the summary\n`);
    expect(code).toBe(0);
    expect(out).toBe(result);
  });

  test('a trace of requests stands in the log', async () => {
    const path = file('trace.jsonl');
    const first = await supernode('simulate', 'examples/trace.yaml', '--no-intervals', '--json', '--events-out', path);
    expect(first.code).toBe(0);
    const again = await supernode('simulate', '--replay', path, '--no-intervals', '--json');
    expect(again.code).toBe(0);
    expect(again.out).toBe(first.out);
  });

  test('a run with faults', async () => {
    const path = file('faults.jsonl');
    const faults = 'faults=[{ at: 500 ms, kill: npu 17, for: 1 s }, { mtbf: 100 h, kill: npu, for: 1 s }]';
    const first = await supernode('simulate', pools, '--requests', '1000', '--set', faults, '--no-intervals', '--json', '--events-out', path);
    expect(first.code).toBe(0);
    expect(readFileSync(path, 'utf8')).toMatch(/"kind":"interrupted"/);
    const again = await supernode('simulate', '--replay', path, '--no-intervals', '--json');
    expect(again.code).toBe(0);
    expect(again.out).toBe(first.out);
  });

  test('writes the files that the run would have left', async () => {
    const [before, after] = [file('before.csv'), file('after.csv')];
    await supernode('simulate', pools, '--requests', '500', '--no-intervals', '--requests-out', before);
    await supernode('simulate', '--replay', log, '--no-intervals', '--requests-out', after, '--events-out', file('again.jsonl'));
    expect(readFileSync(after, 'utf8')).toBe(readFileSync(before, 'utf8'));
    expect(readFileSync(file('again.jsonl'), 'utf8').trimEnd().split('\n')).toEqual(lines);
  });

  test.each([
    [
      'an event that is another',
      (all: string[]) => all.with(1000, (all[1000] ?? '').replace('"at":', '"at":1')),
      /differs from its log at line 1001\n {2}logged: .*"at":1.*\n {2}here: {3}\{"kind"/,
    ],
    [
      'two events that have changed places',
      (all: string[]) => all.with(700, all[701] ?? '').with(701, all[700] ?? ''),
      /differs from its log at line 701\n {2}logged: .*\n {2}here: {3}\{"kind"/,
    ],
    [
      'an end that comes too soon',
      (all: string[]) => [...all.slice(0, 1200), (all.at(-1) ?? '').replace(/"records":\d+/, '"records":1199')],
      /logged: the end of the run\n {2}here: {3}\{"kind"/,
    ],
    [
      'a summary that is another',
      (all: string[]) => all.with(all.length - 1, (all.at(-1) ?? '').replace(/"summaryHash":"./, '"summaryHash":"x')),
      /the summary is another one/,
    ],
  ])('%s: exit 1 with the first difference', async (what, change, message) => {
    const { code, out, err } = await supernode('simulate', '--replay', changed(`${what}.jsonl`, change), '--no-intervals');
    expect(err).toMatch(message);
    expect([code, out]).toEqual([1, '']);
  });

  test.each([
    [
      'a scenario that was changed',
      (all: string[]) => all.with(0, (all[0] ?? '').replace('"rate":585', '"rate":586')),
      /line 1: scenario: is not the one that was logged/,
    ],
    ['a log that was cut off in its first line', ([first = '']: string[]) => [first.slice(0, 900)], /line 1: is damaged or cut off: it is not JSON/],
    ['a log that was cut off', (all: string[]) => all.slice(0, 2000), /ends before the run does: its last line is missing/],
    ['a line that is missing', (all: string[]) => all.toSpliced(900, 1), /expected \d+ records by its last line, found \d+/],
    ['another file', () => ['{"timestamp":0}'], /is no event log; expected a first line with "schema":"supernode\/events\/1"/],
    [
      'an action that is none',
      (all: string[]) => all.with(5, '{"kind":"external","at":-1,"action":{"kind":"explode"}}'),
      /line 6: at: .*\n.*line 6: action\.kind/,
    ],
    [
      'a prefix whose runs go back',
      (all: string[]) =>
        all.with(5, JSON.stringify({ kind: 'external', at: 0, action: { kind: 'inject', request: { ...emptyArrival(), prefix: [4, 3, 9, 2] } } })),
      /line 6: action\.request\.prefix: expected ids as runs/,
    ],
  ])('%s: exit 2', async (what, change, message) => {
    const { code, err } = await supernode('simulate', '--replay', changed(`bad ${what}.jsonl`, change));
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });

  test('a log that is not whole gzip, and one that is not there', async () => {
    const path = file('half.jsonl.gz');
    writeFileSync(path, gzipSync(lines.join('\n')).subarray(0, 5000));
    expect(await supernode('simulate', '--replay', path)).toMatchObject({ code: 2, err: expect.stringContaining('unexpected end of file') as unknown });
    expect(await supernode('simulate', '--replay', file('none'))).toMatchObject({ code: 2, err: expect.stringContaining('no such event log') as unknown });
  });

  test('what was done from outside happens again at the same point', async () => {
    const path = file('injected.jsonl');
    const scenario = await loadScenario(pools, { requests: 300 });
    const logged = new EventLogFile(path, scenario);
    const run = createSimulation(scenario, (event) => logged.tell(event));
    const { simulation } = run;
    for (let i = 0; i < 40; i++) {
      for (let k = 0; k < 31; k++) simulation.step();
      const request = { ...emptyArrival(), arrivedAt: simulation.now + (i % 3) * 0.001, inputTokens: 400 + i, outputTokens: 20 };
      act(simulation, { kind: 'inject', request }, (record) => logged.tell(record));
      const inFlight = [...simulation.table.slots()].map((slot) => simulation.table.ordinal[slot] ?? 0);
      if (i % 4 === 3) act(simulation, { kind: 'abort', request: inFlight[i % inFlight.length] ?? 0, cause: 'gone' }, (record) => logged.tell(record));
    }
    while (simulation.step());
    act(simulation, { kind: 'stop' }, (record) => logged.tell(record));
    expect(simulation.snapshot()).toMatchObject({ arrived: 340, finished: 330, failed: 10 });
    await logged.close(simulation.now, summarise(run, version), false);
    const { code, err } = await supernode('simulate', '--replay', path, '--no-intervals', '--json');
    expect([code, err]).toEqual([0, expect.stringMatching(/all \d+ records are equal, and so is the summary/)]);
    const moved = file('moved.jsonl');
    writeFileSync(moved, readFileSync(path, 'utf8').replace('"inputTokens":417,"outputTokens":20', '"inputTokens":418,"outputTokens":20'));
    expect(await supernode('simulate', '--replay', moved)).toMatchObject({ code: 1, err: expect.stringContaining('differs from its log') as unknown });
  });

  test('after Ctrl-C the log goes as far as the run, and replays so far', async () => {
    const path = file('interrupted.jsonl.gz');
    const table = file('interrupted.csv');
    const child = spawn(
      process.execPath,
      ['cli/supernode.js', 'simulate', 'examples/closed-loop.yaml', '--requests', '5000000', '--events-out', path, '--requests-out', table],
      {
        cwd: fileURLToPath(new URL('../../', import.meta.url)),
        stdio: 'ignore',
      },
    );
    const ended = new Promise((resolve) => child.on('close', resolve));
    await written(`${table}.${child.pid}.partial`);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(readFileSync(table, 'utf8')).toMatch(/^\d+,running,/m);
    const { code, out } = await supernode('simulate', '--replay', path, '--no-intervals');
    expect(code).toBe(0);
    expect(out).toMatch(/records are equal, the log was cut short: its end is not compared/);
  }, 60_000);
});

describe('wrong flags', () => {
  test.each([
    ['--trace-out', ['--trace-out', file('x.txt')], /--trace-out: expected a file that ends in \.json, \.json\.gz, \.perfetto-trace, .*, got ".*x\.txt"/],
    ['--requests-out', ['--requests-out', file('x.xlsx')], /--requests-out: expected a file that ends in \.parquet/],
    ['--series-out', ['--series-out', file('x.parquet.gz')], /--series-out: expected a file that ends in \.parquet/],
    ['--events-out', ['--events-out', file('x.json')], /--events-out: expected a file that ends in \.jsonl/],
    ['no folder', ['--events-out', file('none/x.jsonl')], /--events-out: no such folder/],
    ['a folder', ['--trace-out', folder], /--trace-out: .*is a folder/],
    [
      'a window that goes back',
      ['--trace-out', file('x.json'), '--trace-window', '20s..10s'],
      /--trace-window: expected a time and a later one, got "20s\.\.10s"/,
    ],
    ['a window of nothing', ['--trace-out', file('x.json'), '--trace-window', '20s'], /--trace-window: expected two times such as "10s\.\.20s", got "20s"/],
    ['a window of bytes', ['--trace-out', file('x.json'), '--trace-window', '1GB..2s'], /--trace-window: /],
    ['a window without a trace', ['--trace-window', '1s..2s'], /--trace-window: is about a trace; expected --trace-out as well/],
    ['one file twice', ['--requests-out', file('x.csv'), '--series-out', file('x.csv')], /--series-out: .*x\.csv is written by --requests-out as well/],
    ['a search', ['--find-rate', '--trace-out', file('x.json')], /--trace-out: is about one run/],
    ['a log and a scenario', ['--replay', log], /a log holds its scenario; expected --replay without a scenario file/],
    ['a log that is changed', ['--replay', log, '--seed', '3'], /--seed: changes the run/],
  ])('%s: exit 2, and nothing is written', async (_, flags, message) => {
    const { code, err } = await supernode('simulate', 'examples/closed-loop.yaml', ...flags);
    expect(err).toMatch(message);
    expect(code).toBe(2);
    expect(readdirSync(folder).filter((name) => name.startsWith('x.') || name.includes('partial'))).toEqual([]);
  });

  test('all problems come together', async () => {
    const { err } = await supernode(
      'simulate',
      'examples/closed-loop.yaml',
      '--trace-out',
      file('x.txt'),
      '--series-out',
      file('none/x.csv'),
      '--trace-window',
      '2s..1s',
    );
    expect(err).toMatch(/3 problems in the input/);
    expect(existsSync(file('x.txt'))).toBe(false);
  });

  test('neither a scenario nor a log', async () => {
    expect(await supernode('simulate')).toMatchObject({ code: 2, err: expect.stringContaining('expected a scenario file, or --replay') as unknown });
  });
});
