import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { supernode, type Outcome } from './fixtures/command-line.ts';

const root = new URL('..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'supernode-simulate-'));
const small = 'examples/closed-loop.yaml';
const open = 'examples/h100-llama-3.1-70b.yaml';

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Runs the program and sends it Ctrl-C when its first requests have ended: the table of requests that it writes has some. */
function interrupted(...args: readonly string[]): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  return new Promise((resolve) => {
    const table = join(folder, 'requests.csv');
    const child = spawn(process.execPath, ['cli/supernode.js', ...args, '--requests-out', table], { cwd: root });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const look = setInterval(() => {
      if (statSync(`${table}.${child.pid}.partial`, { throwIfNoEntry: false })?.size) {
        clearInterval(look);
        child.kill('SIGINT');
      }
    }, 20);
    child.on('close', (code) => {
      clearInterval(look);
      resolve({ code, out, err });
    });
  });
}

function written(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('simulate', () => {
  test('prints a report whose last lines reproduce it', async () => {
    const { code, out, err } = await supernode('simulate', small, '--requests', '300', '--set', 'workload.concurrency=16');
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toMatch(/TTFT/);
    expect(out).toMatch(/npx supernode simulate examples\/closed-loop\.yaml --requests 300 --set workload\.concurrency=16\n$/);
  });

  test('--json: the schema comes first, the same seed gives the same bytes, another seed others', async () => {
    const run = (seed: string): Promise<Outcome> => supernode('simulate', open, '--requests', '300', '--json', '--seed', seed);
    const [first, second, other] = [await run('7'), await run('7'), await run('8')];
    expect(first.out).toMatch(/^\{\n {2}"schema": "supernode\/simulate\/1",/);
    expect(second.out).toBe(first.out);
    expect(JSON.parse(other.out)).not.toEqual(JSON.parse(first.out));
    expect((JSON.parse(first.out) as { requests: { finished: number } }).requests.finished).toBe(300);
  });

  test('--out and --html write files that need nothing else', async () => {
    const html = join(folder, 'report.html');
    const json = join(folder, 'result.json');
    const { code, out } = await supernode('simulate', small, '--requests', '200', '--html', html, '--out', json);
    expect(code).toBe(0);
    expect(out).toContain(`wrote ${html}`);
    expect(readFileSync(html, 'utf8')).toMatch(/^<!doctype html>/i);
    expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({ schema: 'supernode/simulate/1', interrupted: false });
  });

  test('a reader that stops early is no fault, and files are still written', async () => {
    const html = join(folder, 'early.html');
    const child = spawn(process.execPath, ['cli/supernode.js', 'simulate', small, '--requests', '200', '--html', html], { cwd: root });
    child.stdout.destroy();
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code).toBe(0);
    expect(readFileSync(html, 'utf8')).toMatch(/^<!doctype html>/i);
  });

  test('--fail-on-slo exits 1 when the service level is missed, 0 when it is met', async () => {
    const run = (slo: string): Promise<Outcome> => supernode('simulate', small, '--requests', '200', '--fail-on-slo', '--slo', slo);
    const [missed, met] = [await run('ttft:1us'), await run('ttft:1h')];
    expect(missed.code).toBe(1);
    expect(missed.err).toMatch(/0 % of the requests meet the service level, 90 % are asked for/);
    expect(met.code).toBe(0);
  });

  test('--fail-on-slo counts requests that were rejected as missed', async () => {
    const { code, out, err } = await supernode(
      'simulate',
      open,
      '--no-intervals',
      '--requests',
      '500',
      '--set',
      'policies.admission={ in-flight: 1 }',
      '--fail-on-slo',
    );
    expect(err).toMatch(/ % of the requests meet the service level, 90 % are asked for/);
    expect(code).toBe(1);
    expect(out).toMatch(/Turned away in the window: \d+ requests rejected\./);
  });

  test('--fail-on-slo is refused where no service level says what to check', async () => {
    const { code, err } = await supernode('simulate', open, '--set', 'slo=null', '--requests', '5', '--fail-on-slo');
    expect(code).toBe(2);
    expect(err).toMatch(/--fail-on-slo: needs a service level/);
  });

  test('the same of a log, before it runs again: nothing is written', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'supernode-log-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const [log, out] = [join(folder, 'log.jsonl'), join(folder, 'again.jsonl')];
    await supernode('simulate', open, '--no-intervals', '--set', 'slo=null', '--requests', '5', '--events-out', log);
    const { code, err } = await supernode('simulate', '--replay', log, '--fail-on-slo', '--events-out', out);
    expect(code).toBe(2);
    expect(err).toMatch(/--fail-on-slo: needs a service level/);
    expect(readdirSync(folder)).toEqual(['log.jsonl']);
  });

  test('Ctrl-C reports what is done, says so and exits 130', async () => {
    const { code, out, err } = await interrupted('simulate', small, '--requests', '5000000', '--json');
    expect(code).toBe(130);
    expect(err).toMatch(/interrupted: this is about the \d+ of 5000000 requests that had ended/);
    const result = JSON.parse(out) as {
      interrupted: boolean;
      requests: { arrived: number; finished: number; running: number; waiting: number; rejected: number; failed: number };
    };
    expect(result.interrupted).toBe(true);
    const { arrived, finished, running, waiting, rejected, failed } = result.requests;
    expect(finished).toBeGreaterThan(0);
    expect(finished + running + waiting + rejected + failed).toBe(arrived);
  });

  test('after Ctrl-C the report and the page open with how far the run came', async () => {
    const page = join(folder, 'interrupted.html');
    const { code, out } = await interrupted('simulate', small, '--requests', '5000000', '--html', page);
    expect(code).toBe(130);
    const told = /Interrupted after [\d,]+ requests of 5,000,000 requests\. All figures are about those that had ended\./;
    expect(out.replaceAll(/\s+/g, ' ')).toMatch(told);
    expect(readFileSync(page, 'utf8').replaceAll(/\s+/g, ' ')).toMatch(told);
  });

  test('--find-rate shows the criterion, every try, and the report of the best', async () => {
    const { code, out } = await supernode('simulate', open, '--requests', '400', '--find-rate', '--json');
    expect(code).toBe(0);
    const { search } = JSON.parse(out) as { search: { criterion: string; rate: number; tries: { rate: number; passed: boolean }[] } };
    expect(search.criterion).toMatch(/90 % of the requests meet the service level/);
    const passed = search.tries.filter((one) => one.passed).map(({ rate }) => rate);
    expect(search.rate).toBe(Math.max(...passed));
  });
});

describe('compare', () => {
  test('puts the runs side by side in text, JSON and HTML', async () => {
    const html = join(folder, 'compare.html');
    const text = await supernode('compare', small, open, '--requests', '200', '--html', html);
    const json = await supernode('compare', small, open, '--requests', '200', '--json');
    expect(text.code).toBe(0);
    expect(text.out).toContain('closed-loop');
    expect(text.out).toContain('h100-llama-3.1-70b');
    expect(text.out).toMatch(/npx supernode compare examples\/closed-loop\.yaml examples\/h100-llama-3\.1-70b\.yaml --requests 200\n/);
    expect(readFileSync(html, 'utf8')).toMatch(/^<!doctype html>/i);
    expect(json.out).toMatch(/^\{\n {2}"schema": "supernode\/compare\/1",/);
    expect(JSON.parse(json.out)).toMatchObject({ runs: [{ scenario: 'closed-loop' }, { scenario: 'h100-llama-3.1-70b' }] });
  });

  test('problems of all files come together', async () => {
    const one = written('one.yaml', 'machine: hgx-h10\n');
    const two = written('two.yaml', 'modle: x\n');
    const { code, err } = await supernode('compare', one, two);
    expect(code).toBe(2);
    expect(err).toContain(`${one}: machine: unknown machine`);
    expect(err).toContain(`${two}: modle: unknown key (did you mean "model"?)`);
  });
});

describe('wrong input exits 2 with every problem', () => {
  test.each([
    ['no such file', ['simulate', 'nowhere.yaml'], /nowhere\.yaml: no such scenario file/],
    ['a folder', ['simulate', 'examples'], /examples: is a folder; expected a scenario file/],
    ['an empty file', ['simulate', written('empty.yaml', '\n')], /empty\.yaml: the file is empty/],
    ['broken YAML', ['simulate', written('broken.yaml', 'machine: hgx-h100\nmodel: [a, b\nslo: {}\n')], /broken\.yaml: line \d+: (?!.*at line)/],
    ['a key twice', ['simulate', written('twice.yaml', 'machine: hgx-h100\nmachine: hgx-h200\n')], /twice\.yaml: line 2.*unique/],
    ['settings that are not', ['simulate', small, '--set', 'seed'], /--set seed: expected key=value/],
    ['a service level that is not', ['simulate', small, '--slo', 'ttfs:1'], /--slo: .*did you mean "ttft"/],
    ['a seed that is not', ['simulate', small, '--seed', 'one'], /expected a whole number from 0, got "one"/],
    ['no requests', ['simulate', small, '--requests', '0'], /expected a whole number from 1, got "0"/],
    ['a trace that is not there', ['simulate', small, '--trace', 'nowhere.csv'], /nowhere\.csv/],
    ['a trace that is a folder', ['simulate', small, '--trace', 'examples'], /no client pool in .*examples; expected/],
    ['tables that are a folder', ['calibrate', 'examples'], /examples: is a folder; expected a table/],
    ['help for no verb', ['help', 'simulat'], /1 problem in the input\n {2}simulat: no such verb \(did you mean "simulate"/],
    ['a rate of a closed loop', ['simulate', small, '--find-rate'], /--find-rate: a closed loop has no rate/],
    ['a single file to compare', ['compare', small], /expected two to four scenario files, got 1/],
    ['five files to compare', ['compare', small, small, small, small, small], /expected two to four scenario files, got 5/],
    ['a page in no folder', ['simulate', small, '--html', join(folder, 'none', 'x.html')], /--html: no such folder: .*none; expected a file in a folder/],
    ['a result that is a folder', ['simulate', small, '--out', folder], /--out: .* is a folder; expected the path of a file/],
    ['a comparison in no folder', ['compare', small, open, '--html', join(folder, 'none', 'x.html')], /--html: no such folder: .*none/],
    ['an unknown flag', ['simulate', small, '--htlm', 'x'], /1 problem in the input\n {2}unknown option '--htlm' \(Did you mean --html\?\)\n/],
  ])('%s', async (_, args, message) => {
    const { code, err } = await supernode(...args);
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });

  test('several problems of one file, each with its place', async () => {
    const path = written(
      'many.yaml',
      'machine: hgx-h10\nmodel: llama-3.1-70b\ndeployment: { merged: { instances: 0, gpus: 4, max-num-seqs: 256, max-num-batched-tokens: 8192/rank } }\nworkload: { rate: 2 }\n',
    );
    const { code, err } = await supernode('simulate', path);
    expect(code).toBe(2);
    for (const place of ['machine', 'deployment.merged.instances', 'deployment.merged.max-num-seqs', 'workload.rate', 'workload.input', 'workload.output'])
      expect(err).toContain(`${path}: ${place}: `);
    expect(err).toMatch(/6 problems in the input/);
  });
});
