import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { command } from '../../cli/verbs/emulate.ts';
import { kvEventsDefaults } from '../../server/kv-events/endpoint.ts';
import { replayed } from '../../server/kv-events/subscriber.ts';
import { emulate } from './running.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = readFileSync(join(root, 'docs/guide/emulate-conformance.md'), 'utf8');

/** Flags of llm-d-inference-sim. */
const flags = `config port model served-model-name max-request-body-size-mb log-http ssl-certfile ssl-keyfile self-signed-certs startup-duration
  enable-request-id-headers seed mode max-num-seqs max-waiting-queue-length max-model-len data-parallel-size data-parallel-rank lora-modules max-loras max-cpu-loras
  latency-calculator time-to-first-token inter-token-latency kv-cache-transfer-latency prefill-overhead prefill-time-per-token kv-cache-transfer-time-per-token
  time-factor-under-load time-to-generate-image enable-kvcache kv-cache-size block-size hash-seed global-cache-hit-threshold zmq-endpoint event-batch-size
  use-vllm-map-event-format kv-events-replay-endpoint kv-events-replay-queue-size dataset-path dataset-url dataset-in-memory dataset-table-name render-url
  force-dummy-tokenizer default-embedding-dimensions max-tool-call-integer-param min-tool-call-integer-param tool-call-not-required-param-probability
  tool-call-extra-call-probability skip-tool-validation enable-sleep-mode mm-encoder-only omni image-emission-rate failure-injection-rate failure-types fake-metrics
  fake-metrics-refresh-interval tensor-parallel-size enforce-eager enable-prefix-caching mm-processor-kwargs ec-transfer-config`.split(/\s+/);

const routes = {
  vllm: [
    'GET /v1/models',
    'POST /v1/chat/completions',
    'POST /v1/completions',
    'POST /v1/embeddings',
    'POST /v1/responses',
    'POST /v1/messages',
    'POST /inference/v1/generate',
    'POST /v1/chat/completions/render',
    'POST /v1/completions/render',
    'POST /tokenize',
    'POST /detokenize',
    'POST /v1/load_lora_adapter',
    'POST /v1/unload_lora_adapter',
    'GET /health',
    'GET /health/ready',
    'GET /ping',
    'POST /ping',
    'GET /version',
    'GET /load',
    'GET /metrics',
    'GET /is_sleeping',
    'POST /wake_up',
    'POST /reset_prefix_cache',
    'GET /admin/config',
    'POST /admin/config',
    'POST /register',
    'POST /unregister',
    'POST /query',
    'POST /query_by_hash',
  ],
  sglang: [
    'POST /generate',
    'POST /abort_request',
    'GET /get_load',
    'GET /health_generate',
    'GET /get_model_info',
    'GET /get_server_info',
    'POST /flush_cache',
    'GET /flush_cache',
  ],
} as const;

describe('the conformance page', () => {
  test('names tests that there are', () => {
    const named = [...page.matchAll(/`((?:tests|server)\/[\w./-]+\.test\.ts)`/g)].map(([, path = '']) => path);
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test('says of each flag of llm-d that there is one of the same name, or why there is none', () => {
    const own = new Set(command().options.map((option) => option.name()));
    const refused = new Set([...page.slice(page.indexOf('## Flags')).matchAll(/`([\w-]+)`/g)].map(([, name = '']) => name));
    expect(flags.filter((flag) => own.has(flag) === refused.has(flag))).toEqual([]);
  });
});

describe('each route that is expected', () => {
  test.each(['vllm', 'sglang'] as const)('is there in the dialect of %s', async (dialect) => {
    const { url } = await emulate({ dialect, sleepMode: true, conductor: true });
    for (const route of routes[dialect]) {
      const [method = '', path = ''] = route.split(' ');
      const body = method === 'POST' ? { headers: { 'content-type': 'application/json' }, body: '{}' } : {};
      const response = await fetch(`${url}${path}`, { method, ...body });
      // What it makes of an empty body is its own business, but it is neither unknown nor broken.
      expect([route, [200, 400, 404].includes(response.status), (await response.text()).includes('Not Found: /')]).toEqual([route, true, false]);
    }
  });
});

test('a cache that is emptied is told to subscribers as cleared', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'supernode-cleared-'));
  const config = { ...kvEventsDefaults, endpoint: `ipc://${folder}/pub`, replayEndpoint: `ipc://${folder}/replay` };
  const { url } = await emulate({ kvEvents: { config, format: 'positional' } });
  const body = JSON.stringify({ prompt: 'word '.repeat(100), max_tokens: 1 });
  await fetch(`${url}/v1/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  await fetch(`${url}/reset_prefix_cache`, { method: 'POST' });
  await expect
    .poll(async () => (await replayed(config.replayEndpoint, 0)).flatMap(({ events }) => events.map(({ kind }) => kind)))
    .toEqual(['stored', 'cleared']);
});
