import * as z from 'zod';
import { object, tokenIds, tokens, type JsonObject } from './body.ts';
import type { ChatMessage } from './chat.ts';
import type { Prompt } from './completion.ts';
import { requestId, sampling, type Sampling } from './sampling.ts';

type Maybe<T> = T | null | undefined;

const messages = z.array(
  z.looseObject({ role: z.string(), content: z.union([z.string(), z.array(z.looseObject({ type: z.string(), text: z.string().optional() }))]).nullish() }),
);

/** Body of `/tokenize`: a text or a conversation. */
export interface TokenizeBody {
  readonly model?: Maybe<string>;
  readonly prompt?: Maybe<string>;
  readonly messages?: Maybe<readonly ChatMessage[]>;
  readonly return_token_strs?: Maybe<boolean>;
}

export const tokenizeBody: z.ZodType<TokenizeBody> = z
  .looseObject({ model: z.string().nullish(), prompt: z.string().nullish(), messages: messages.nullish(), return_token_strs: z.boolean().nullish() })
  .refine(({ prompt, messages: said }) => typeof prompt === 'string' || Array.isArray(said), { path: ['prompt'], error: 'expected a prompt, or messages' });

/** Body of `/detokenize`. */
export const detokenizeBody: z.ZodType<{ readonly model?: Maybe<string>; readonly tokens: readonly number[] }> = z.looseObject({
  model: z.string().nullish(),
  tokens: tokenIds,
});

/** Body of `/v1/embeddings`. */
export interface EmbeddingsBody {
  readonly model?: Maybe<string>;
  readonly request_id?: Maybe<string>;
  readonly input: Prompt | readonly Prompt[];
  readonly encoding_format?: Maybe<'float' | 'base64'>;
  readonly dimensions?: Maybe<number>;
}

export const embeddingsBody: z.ZodType<EmbeddingsBody> = z.looseObject({
  model: z.string().nullish(),
  request_id: requestId.nullish(),
  input: z.union([
    z.string(),
    tokenIds,
    z
      .array(z.union([z.string(), tokenIds]))
      .min(1)
      .max(2048),
  ]),
  encoding_format: z.enum(['float', 'base64']).nullish(),
  dimensions: z.int().min(1).max(16_384).nullish(),
});

/** Body of `/v1/load_lora_adapter` and `/v1/unload_lora_adapter`. */
export const loraBody: z.ZodType<{ readonly lora_name: string; readonly lora_path?: Maybe<string>; readonly base_model_name?: Maybe<string> }> = z.looseObject({
  lora_name: z.string().min(1).max(256),
  lora_path: z.string().max(4096).nullish(),
  base_model_name: z.string().nullish(),
});

/** Body of `/inference/v1/generate`: tokens in, tokens out. */
export interface GenerateBody {
  readonly model?: Maybe<string>;
  readonly request_id?: Maybe<string>;
  readonly token_ids: readonly number[];
  readonly sampling_params: Sampling;
  readonly stream?: Maybe<boolean>;
  readonly kv_transfer_params?: Maybe<JsonObject>;
}

export const generateBody: z.ZodType<GenerateBody> = z.looseObject({
  model: z.string().nullish(),
  request_id: requestId.nullish(),
  token_ids: tokenIds,
  sampling_params: z.looseObject(sampling),
  stream: z.boolean().nullish(),
  kv_transfer_params: object.nullish(),
});

/** Body of SGLang's `/abort_request`. */
export const sglangAbortBody: z.ZodType<{ readonly rid?: Maybe<string>; readonly abort_all?: Maybe<boolean> }> = z.looseObject({
  rid: requestId.nullish(),
  abort_all: z.boolean().nullish(),
});

/** Body of SGLang's `/generate`. */
export interface SglangBody {
  readonly text?: Maybe<string | readonly string[]>;
  readonly input_ids?: Maybe<readonly number[] | readonly (readonly number[])[]>;
  readonly sampling_params?: Maybe<{
    readonly max_new_tokens?: Maybe<number>;
    readonly min_new_tokens?: Maybe<number>;
    readonly ignore_eos?: Maybe<boolean>;
    readonly stop?: Maybe<string | readonly string[]>;
    readonly no_stop_trim?: Maybe<boolean>;
    readonly n?: Maybe<number>;
    readonly json_schema?: Maybe<string>;
    readonly regex?: Maybe<string>;
    readonly ebnf?: Maybe<string>;
  }>;
  readonly stream?: Maybe<boolean>;
  readonly rid?: Maybe<string | readonly string[]>;
  readonly return_logprob?: Maybe<boolean>;
  readonly logprob_start_len?: Maybe<number>;
  readonly top_logprobs_num?: Maybe<number>;
  readonly return_text_in_logprobs?: Maybe<boolean>;
  readonly lora_path?: Maybe<string>;
}

export const sglangBody: z.ZodType<SglangBody> = z
  .looseObject({
    text: z.union([z.string(), z.array(z.string()).min(1).max(1024)]).nullish(),
    input_ids: z.union([tokenIds, z.array(tokenIds).min(1).max(1024)]).nullish(),
    sampling_params: z
      .looseObject({
        max_new_tokens: tokens.nullish(),
        min_new_tokens: tokens.nullish(),
        ignore_eos: z.boolean().nullish(),
        stop: z.union([z.string(), z.array(z.string()).max(64)]).nullish(),
        no_stop_trim: z.boolean().nullish(),
        n: z.int().min(1).max(128).nullish(),
        json_schema: z.string().nullish(),
        regex: z.string().nullish(),
        ebnf: z.string().nullish(),
        temperature: z.number().min(0).nullish(),
      })
      .nullish(),
    stream: z.boolean().nullish(),
    rid: z.union([requestId, z.array(requestId)]).nullish(),
    return_logprob: z.boolean().nullish(),
    logprob_start_len: z.int().min(-1).nullish(),
    top_logprobs_num: z.int().min(0).max(20).nullish(),
    return_text_in_logprobs: z.boolean().nullish(),
    lora_path: z.string().nullish(),
  })
  .refine(({ text, input_ids }) => (text ?? undefined) !== undefined || (input_ids ?? undefined) !== undefined, {
    path: ['text'],
    error: 'expected text, or input_ids',
  });
