import type { Route } from '../http/routes.ts';
import { chat } from './chat.ts';
import type { ChatTemplate } from './chat-template.ts';
import { completions } from './completions.ts';
import type { Generator } from './generator.ts';
import type { ServedModels } from './served-models.ts';

/** What routes need. */
export interface Api {
  readonly generator: Generator;
  readonly models: ServedModels;
  readonly template: ChatTemplate;
  readonly version: string;
}

/** Routes of the API by its table in docs/guide/emulate.md. */
export function apiRoutes({ generator, models, template, version }: Api): readonly Route[] {
  return [
    { method: 'GET', path: '/v1/models', handler: (exchange) => exchange.json(models.listing()) },
    { method: 'POST', path: '/v1/chat/completions', handler: (exchange) => chat(exchange, generator, models, template) },
    { method: 'POST', path: '/v1/completions', handler: (exchange) => completions(exchange, generator, models) },
    { method: 'GET', path: '/version', open: true, handler: (exchange) => exchange.json({ version }) },
    { method: 'GET', path: '/health', open: true, handler: (exchange) => exchange.empty() },
  ];
}
