import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { supernode } from '../fixtures/command-line.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'supernode-emulate-'));
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

interface Started {
  readonly url: string;
  /** Its log so far, line by line. */
  readonly log: () => readonly Readonly<Record<string, unknown>>[];
  /** Ends it with a signal. */
  end(signal?: NodeJS.Signals): Promise<{ readonly code: number | null; readonly out: string }>;
  readonly exited: Promise<{ readonly code: number | null; readonly out: string }>;
}

async function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Started> {
  const child = spawn(process.execPath, ['cli/supernode.js', 'emulate', 'examples/lora.yaml', '--port', '0', ...args], {
    cwd: root,
    env: { ...process.env, ...env },
  });
  children.push(child);
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const exited = new Promise<{ code: number | null; out: string }>((resolve) => child.once('close', (code) => resolve({ code, out })));
  const log = (): readonly Readonly<Record<string, unknown>>[] =>
    err.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Readonly<Record<string, unknown>>] : []));
  await expect
    .poll(() => log().find(({ message }) => message === 'listening') ?? (child.exitCode === null ? undefined : err), { timeout: 20_000 })
    .toBeDefined();
  return {
    url: String(log().find(({ message }) => message === 'listening')?.['url']),
    log,
    exited,
    end: (signal = 'SIGTERM') => {
      child.kill(signal);
      return exited;
    },
  };
}

const models = async ({ url }: Started): Promise<readonly { readonly id: string; readonly max_model_len: number }[]> =>
  ((await (await fetch(`${url}/v1/models`)).json()) as { readonly data: readonly { readonly id: string; readonly max_model_len: number }[] }).data;
const complete = ({ url }: Started, body: object): Promise<Response> =>
  fetch(`${url}/v1/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

describe('supernode emulate', () => {
  test('serves, logs, ends on a signal with a report, and leaves a log that replays', async () => {
    const log = join(folder, 'events.jsonl');
    const running = await start(['--events-out', log, '--log-http', '--mode', 'echo']);
    const answer = await complete(running, { prompt: 'Say it again', max_tokens: 3 });
    expect(await answer.json()).toMatchObject({ choices: [{ text: 'Say it again' }] });
    const { code, out } = await running.end();
    expect(code).toBe(0);
    expect(out).toContain('lora');
    expect(running.log().find(({ message }) => message === 'request')).toMatchObject({ status: 200, path: '/v1/completions', request: 0 });
    expect(await supernode('simulate', '--replay', log, '--no-intervals', '--json')).toMatchObject({
      code: 0,
      err: expect.stringMatching(/all \d+ records are equal, and so is the summary/) as unknown,
    });
  }, 60_000);

  test('the command line goes before the environment, that before the file, that before the default', async () => {
    const file = join(folder, 'flags.yaml');
    writeFileSync(file, 'max-model-len: 111\nserved-model-name: [one, two]\nspeed: 50\ntool-call-share: 0\n');
    const running = await start(['--config', file, '--max-model-len', '333'], { SUPERNODE_MAX_MODEL_LEN: '222', SUPERNODE_SPEED: '60' });
    expect(await models(running)).toMatchObject([
      { id: 'one', max_model_len: 333 },
      { id: 'two', max_model_len: 333 },
    ]);
    expect(running.log()[1]).toMatchObject({ speed: 60, base: `${running.url}/v1` });
    await running.end();
    const other = await start(['--config', file]);
    expect(await models(other)).toMatchObject([{ max_model_len: 111 }, {}]);
    expect(other.log()[1]).toMatchObject({ speed: 50 });
    await other.end();
  }, 60_000);

  test('a run that cannot keep up with its clock ends with exit code 1 in strict mode', async () => {
    const running = await start(['--strict', '1us', '--speed', '100']);
    await complete(running, { prompt: 'a', max_tokens: 50 }).catch(() => {});
    const { code } = await running.exited;
    expect(code).toBe(1);
    expect(running.log().some(({ level, message }) => level === 'error' && String(message).includes('behind their instant'))).toBe(true);
  }, 60_000);

  test.each([
    [['--port', '99x'], '--port'],
    [['--mode', 'sing'], '--mode'],
    [['--dialect', 'klingon'], '--dialect'],
    [['--ssl-certfile', 'x.pem'], '--ssl-keyfile'],
    [['--failure-types', 'boom'], '--failure-types'],
    [['--tokenizer', 'none/such'], 'none/such'],
    [['--kv-events-config', '{'], '--kv-events-config'],
    [['--kv-event-format', 'x', '--zmq-endpoint', 'ipc:///tmp/x'], '--kv-event-format'],
    [['--config', 'none.yaml'], 'none.yaml'],
  ])('%j is refused', async (flags, place) => {
    const { code, err } = await supernode('emulate', 'examples/lora.yaml', ...flags);
    expect([code, err]).toEqual([2, expect.stringContaining(place)]);
  });

  test.each([
    [['--port', '99999'], "'--port <n>' argument '99999' is invalid. expected a whole number from 0 to 65535"],
    [['--rank-ports', '70000'], "'--rank-ports <first>' argument '70000' is invalid. expected a whole number from 0 to 65535"],
    [['--admin-port', '70000'], "'--admin-port <n>' argument '70000' is invalid. expected a whole number from 0 to 65535"],
    [['--set', 'deployment.merged.instances=2', '--instance-ports', '65535'], '--instance-ports: expected a port of at most 65534, got 65535'],
    [['--port', '8100', '--instance-ports', '8100'], '--instance-ports: port 8100'],
    [['--zmq-endpoint', 'tcp://*:99999'], '--zmq-endpoint: expected tcp://HOST:PORT with a port from 0 to 65535'],
    [['--allowed-origins', 'here'], '--allowed-origins: expected * or an origin such as https://example.com:8080, got "here"'],
    [['--zmq-endpoint', 'here'], '--zmq-endpoint: expected tcp://HOST:PORT'],
    [['--zmq-endpoint', 'ipc:///tmp/x', '--kv-events-replay-endpoint', 'tcp://*:70000'], '--kv-events-replay-endpoint: expected tcp://HOST:PORT'],
    [['--kv-events-replay-endpoint', 'tcp://*:5999'], '--kv-events-replay-endpoint: nothing is published that could be given again'],
    [
      ['--kv-events-replay-endpoint', 'tcp://*:5999', '--kv-events-config', '{"enable_kv_cache_events":false}'],
      '--kv-events-replay-endpoint: nothing is published that could be given again',
    ],
    [['--kv-events-config', '{"endpoint":"tcp://*:70000"}'], '--kv-events-config: endpoint: expected tcp://HOST:PORT'],
    [
      ['--set', 'deployment.merged.instances=2', '--zmq-endpoint', 'tcp://*:15757', '--kv-events-replay-endpoint', 'tcp://*:15758'],
      '--kv-events-replay-endpoint: port 15758, of rank 0, is that of rank 1 by --zmq-endpoint too',
    ],
  ])('%j is refused before anything is opened', async (flags, problem) => {
    const { code, err } = await supernode('emulate', 'examples/lora.yaml', ...flags);
    expect([code, err]).toEqual([2, expect.stringContaining(problem)]);
  });

  test('flags that size merged instances are refused where there are none', async () => {
    const { code, err } = await supernode('emulate', 'examples/nvl72-deepseek-r1.yaml', '--max-num-seqs', '8');
    expect([code, err]).toEqual([2, expect.stringMatching(/--max-num-seqs: sizes merged instances.*deployment\.decode/)]);
  });

  test('a key that no flag has is refused in a file of flags, with the nearest', async () => {
    const file = join(folder, 'bad.yaml');
    writeFileSync(file, 'sped: 5\nspeed: fast\n');
    const { code, err } = await supernode('emulate', 'examples/lora.yaml', '--config', file);
    expect([code, err]).toEqual([2, expect.stringMatching(/2 problems.*\n.*sped: .*speed.*\n.*speed: .*fast/)]);
  });

  test('a port that is taken is refused', async () => {
    const running = await start([]);
    const { code, err } = await supernode('emulate', 'examples/lora.yaml', '--port', new URL(running.url).port);
    expect([code, err]).toEqual([2, expect.stringMatching(/--port: cannot listen: .*EADDRINUSE/)]);
    const { port } = new URL(running.url);
    const others = await supernode('emulate', 'examples/lora.yaml', '--port', '0', '--instance-ports', port);
    expect([others.code, others.err]).toEqual([2, expect.stringMatching(/--instance-ports: cannot listen: .*EADDRINUSE/)]);
    const publisher = await supernode('emulate', 'examples/lora.yaml', '--port', '0', '--zmq-endpoint', `tcp://*:${port}`);
    expect([publisher.code, publisher.err]).toEqual([2, expect.stringContaining(`--zmq-endpoint: tcp://*:${port} cannot be opened (Address already in use)`)]);
    await running.end();
  }, 60_000);
});
