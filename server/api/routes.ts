import { loraBody } from '../../schema/http/others.ts';
import { ApiError } from '../http/api-error.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Route } from '../http/routes.ts';
import type { MetricsPage } from '../metrics/metrics.ts';
import { unescaped } from '../unescaped.ts';
import { bodyOf } from './answering.ts';
import { cacheRoutes } from './caches.ts';
import { chat } from './chat.ts';
import type { ChatTemplate } from './chat-template.ts';
import { completions } from './completions.ts';
import { embeddings } from './embeddings.ts';
import { generate } from './generate.ts';
import type { Generator } from './generator.ts';
import { messages } from './messages.ts';
import { responses } from './responses.ts';
import type { ServedModels } from './served-models.ts';
import { sglangRoutes } from './sglang.ts';
import { sleepRoutes } from './sleep.ts';
import { detokenize, renderChat, renderCompletion, tokenize } from './tokens.ts';

/** What routes need. */
export interface Api {
  readonly generator: Generator;
  readonly models: ServedModels;
  readonly template: ChatTemplate;
  readonly metrics: MetricsPage;
  readonly version: string;
  readonly dialect: 'vllm' | 'sglang';
  readonly sleepMode: boolean;
  /** Of embeddings, where a request does not say. */
  readonly dimensions?: number | undefined;
  /** Whether it has started up. */
  readonly ready: () => boolean;
}

/** Routes of the API; docs/guide/emulate.md lists them. */
export function apiRoutes(api: Api): readonly Route[] {
  const { generator, models, template, version, dialect } = api;
  return [
    { method: 'POST', path: '/v1/chat/completions', handler: (exchange) => chat(exchange, generator, models, template) },
    { method: 'POST', path: '/v1/completions', handler: (exchange) => completions(exchange, generator, models) },
    { method: 'POST', path: '/v1/responses', handler: (exchange) => responses(exchange, generator, models, template) },
    { method: 'POST', path: '/v1/messages', handler: (exchange) => messages(exchange, generator, models, template) },
    { method: 'POST', path: '/v1/embeddings', handler: (exchange) => embeddings(exchange, generator, models, api.dimensions) },
    { method: 'POST', path: '/inference/v1/generate', handler: (exchange) => generate(exchange, generator, models) },
    { method: 'POST', path: '/tokenize', handler: (exchange) => tokenize(exchange, generator, models, template) },
    { method: 'POST', path: '/detokenize', handler: (exchange) => detokenize(exchange, models, template) },
    { method: 'POST', path: '/v1/chat/completions/render', handler: (exchange) => renderChat(exchange, models, template) },
    { method: 'POST', path: '/v1/completions/render', handler: (exchange) => renderCompletion(exchange, generator, models) },
    ...modelRoutes(models, dialect),
    ...statusRoutes(api),
    ...cacheRoutes(generator.engine, dialect),
    ...(api.sleepMode ? sleepRoutes(generator.sleep) : []),
    ...(dialect === 'sglang' ? sglangRoutes(generator, models, version) : []),
  ];
}

const modelsPath = '/v1/models';

function modelRoutes(models: ServedModels, dialect: Api['dialect']): readonly Route[] {
  const list = (exchange: Exchange): void => exchange.json({ object: 'list', data: models.all.map((one) => models.cardOf(one, dialect)) });
  // Names have slashes, which some clients escape.
  const one = (exchange: Exchange): void => {
    const name = unescaped(exchange.url.pathname.slice(modelsPath.length + 1));
    if (name === '') list(exchange);
    else exchange.json(models.cardOf(models.find(name), dialect));
  };
  const load = async (exchange: Exchange): Promise<void> => {
    const { lora_name: name, lora_path: path, base_model_name: base } = await bodyOf(exchange, loraBody);
    if (typeof path !== 'string' || path === '') throw new ApiError(400, 'lora_path: expected where the adapter is', { param: 'lora_path' });
    models.load(name, path, base);
    exchange.text(`Success: LoRA adapter '${name}' added successfully.`);
  };
  const unload = async (exchange: Exchange): Promise<void> => {
    const { lora_name: name } = await bodyOf(exchange, loraBody);
    models.unload(name);
    exchange.text(`Success: LoRA adapter '${name}' removed successfully.`);
  };
  return [
    { method: 'GET', path: modelsPath, below: true, handler: one },
    { method: 'POST', path: '/v1/load_lora_adapter', handler: load },
    { method: 'POST', path: '/v1/unload_lora_adapter', handler: unload },
  ];
}

function statusRoutes({ generator, metrics, version, ready }: Api): readonly Route[] {
  const up = (exchange: Exchange): void => exchange.empty();
  return [
    { method: 'GET', path: '/health', open: true, handler: up },
    { method: 'GET', path: '/health/ready', open: true, handler: (exchange) => exchange.empty(ready() && !generator.closing ? 200 : 503) },
    { method: 'GET', path: '/ping', open: true, handler: up },
    { method: 'POST', path: '/ping', open: true, handler: up },
    { method: 'GET', path: '/version', open: true, handler: (exchange) => exchange.json({ version }) },
    { method: 'GET', path: '/load', open: true, handler: (exchange) => exchange.json({ server_load: generator.engine.inFlight }) },
    { method: 'GET', path: '/metrics', open: true, handler: async (exchange) => exchange.text(await metrics.text(), metrics.contentType) },
  ];
}
