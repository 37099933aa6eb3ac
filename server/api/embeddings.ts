import { mix } from '../../src/kernel/random.ts';
import { embeddingsBody } from '../../schema/http/others.ts';
import type { Exchange } from '../http/exchange.ts';
import { answerId } from './answer-id.ts';
import { answerWhole, bodyOf } from './answering.ts';
import { asksOf } from './completions.ts';
import type { Generator } from './generator.ts';
import type { ServedModels } from './served-models.ts';

/** `POST /v1/embeddings`: priced as a prefill that puts out one token. Vectors are made up: of length 1, equal for equal inputs. @param usual numbers of a vector where the client does not say how many */
export async function embeddings(exchange: Exchange, generator: Generator, models: ServedModels, usual: number = 384): Promise<void> {
  const body = await bodyOf(exchange, embeddingsBody);
  const model = models.find(body.model);
  const asks = asksOf(body.input, generator.tokenizer);
  const order = { model, asks, body: {}, most: 1, param: 'input', route: '/v1/embeddings' };
  await answerWhole(exchange, generator, order, (choices) => {
    const tokens = choices.reduce((sum, { prompt }) => sum + prompt.length, 0);
    return {
      id: answerId('embd-', exchange, body),
      object: 'list',
      created: Math.floor(Date.now() / 1000),
      model: model.id,
      data: choices.map(({ index, prompt }) => {
        const vector = vectorOf(prompt, body.dimensions ?? usual);
        return { index, object: 'embedding', embedding: body.encoding_format === 'base64' ? Buffer.from(vector.buffer).toString('base64') : [...vector] };
      }),
      usage: { prompt_tokens: tokens, total_tokens: tokens, completion_tokens: 0, prompt_tokens_details: null },
    };
  });
}

function vectorOf(prompt: readonly number[], dimensions: number): Float32Array {
  let seed = prompt.length;
  for (const id of prompt) seed = mix(seed ^ id);
  const vector = Float32Array.from({ length: dimensions }, (_, i) => mix(seed + Math.imul(i + 1, 0x9e3779b1)) / 2 ** 31 - 1);
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return vector.map((value) => value / (length === 0 ? 1 : length));
}
