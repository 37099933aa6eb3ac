import { randomUUID } from 'node:crypto';
import { chatBody } from '../../schema/http/chat.ts';
import { completionBody } from '../../schema/http/completion.ts';
import { detokenizeBody, tokenizeBody } from '../../schema/http/others.ts';
import type { Exchange } from '../http/exchange.ts';
import { bodyOf } from './answering.ts';
import type { ChatTemplate } from './chat-template.ts';
import { asksOf } from './completions.ts';
import type { Generator } from './generator.ts';
import type { ServedModels } from './served-models.ts';

/** `POST /tokenize`. */
export async function tokenize(exchange: Exchange, { tokenizer }: Generator, models: ServedModels, template: ChatTemplate): Promise<void> {
  const body = await bodyOf(exchange, tokenizeBody);
  const { maxContext } = models.find(body.model);
  const tokens = typeof body.prompt === 'string' ? tokenizer.encode(body.prompt) : template.render(body.messages ?? []).ids;
  const token_strs = body.return_token_strs === true ? tokens.map((id) => template.text([id])) : null;
  exchange.json({ count: tokens.length, max_model_len: maxContext, tokens, token_strs });
}

/** `POST /detokenize`. */
export async function detokenize(exchange: Exchange, models: ServedModels, template: ChatTemplate): Promise<void> {
  const body = await bodyOf(exchange, detokenizeBody);
  models.find(body.model);
  exchange.json({ prompt: template.text(body.tokens) });
}

/** `POST /v1/chat/completions/render`: what a model would be given, for routers that look at tokens. */
export async function renderChat(exchange: Exchange, models: ServedModels, template: ChatTemplate): Promise<void> {
  const body = await bodyOf(exchange, chatBody);
  const model = models.find(body.model);
  const { ids } = template.render(body.messages, body.tools ?? []);
  exchange.json({ request_id: `chatcmpl-${randomUUID().replaceAll('-', '')}`, model: model.id, token_ids: ids });
}

/** `POST /v1/completions/render`. */
export async function renderCompletion(exchange: Exchange, { tokenizer }: Generator, models: ServedModels): Promise<void> {
  const body = await bodyOf(exchange, completionBody);
  const model = models.find(body.model);
  exchange.json(
    asksOf(body.prompt, tokenizer).map(({ prompt }) => ({ request_id: `cmpl-${randomUUID().replaceAll('-', '')}`, model: model.id, token_ids: prompt })),
  );
}
