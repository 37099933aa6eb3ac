import * as z from 'zod';
import { object, tokens, type JsonObject } from './body.ts';

type Maybe<T> = T | null | undefined;

/** What every request for text may say, whatever its form. Names are those of the API. */
export interface Sampling {
  readonly model?: Maybe<string>;
  readonly request_id?: Maybe<string>;
  readonly rid?: Maybe<string>;
  readonly stream?: Maybe<boolean>;
  readonly stream_options?: Maybe<{ readonly include_usage?: Maybe<boolean>; readonly continuous_usage_stats?: Maybe<boolean> }>;
  readonly max_tokens?: Maybe<number>;
  readonly min_tokens?: Maybe<number>;
  readonly ignore_eos?: Maybe<boolean>;
  readonly n?: Maybe<number>;
  readonly seed?: Maybe<number>;
  readonly stop?: Maybe<string | readonly string[]>;
  readonly include_stop_str_in_output?: Maybe<boolean>;
  readonly no_stop_trim?: Maybe<boolean>;
  readonly priority?: Maybe<number>;
  readonly cache_salt?: Maybe<string>;
  readonly kv_transfer_params?: Maybe<JsonObject>;
  readonly cache_hit_threshold?: Maybe<number>;
  readonly guided_json?: Maybe<string | JsonObject>;
  readonly guided_regex?: Maybe<string>;
  readonly guided_grammar?: Maybe<string>;
  readonly regex?: Maybe<string>;
  readonly ebnf?: Maybe<string>;
  readonly guided_choice?: Maybe<readonly string[]>;
  readonly structured_outputs?: Maybe<JsonObject>;
  readonly response_format?: Maybe<ResponseFormat>;
  readonly return_token_ids?: Maybe<boolean>;
  readonly prompt_logprobs?: Maybe<number>;
}

export interface ResponseFormat {
  readonly type: 'text' | 'json_object' | 'json_schema';
  readonly json_schema?: Maybe<{ readonly name?: Maybe<string>; readonly schema?: Maybe<JsonObject> }>;
}

const whole = z
  .int()
  .min(-(2 ** 53) + 1)
  .max(2 ** 53 - 1);

/** What a client calls its request. */
export const requestId: z.ZodType<string> = z.string().max(200);

const stopString = z.string().min(1, { error: 'cannot be an empty text' }).max(10_000);

/** Of them, those that mean nothing to the server of a dialect: only the other knows them. */
export const unknownTo = {
  vllm: ['rid', 'regex', 'ebnf', 'no_stop_trim'],
  sglang: ['guided_json', 'guided_regex', 'guided_grammar', 'guided_choice', 'structured_outputs'],
} as const;

/** Their checks; knobs of sampling that change nothing here are checked all the same. */
export const sampling: Readonly<Record<string, z.ZodType>> = {
  model: z.string().max(1000).nullish(),
  request_id: requestId.nullish(),
  rid: requestId.nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish(), continuous_usage_stats: z.boolean().nullish() }).nullish(),
  max_tokens: tokens.nullish(),
  min_tokens: tokens.nullish(),
  ignore_eos: z.boolean().nullish(),
  n: z.int().min(1).max(128).nullish(),
  best_of: z.int().min(1).max(128).nullish(),
  seed: whole.nullish(),
  stop: z.union([stopString, z.array(stopString).max(64)]).nullish(),
  include_stop_str_in_output: z.boolean().nullish(),
  no_stop_trim: z.boolean().nullish(),
  temperature: z.number().min(0).max(100).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  top_k: z.int().min(-1).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  repetition_penalty: z.number().gt(0).nullish(),
  logit_bias: z.record(z.string(), z.number()).nullish(),
  user: z.string().max(10_000).nullish(),
  priority: z
    .int()
    .min(-(2 ** 31))
    .max(2 ** 31 - 1)
    .nullish(),
  cache_salt: z.string().min(1).max(1000).nullish(),
  kv_transfer_params: object.nullish(),
  cache_hit_threshold: z.number().min(0).max(1).nullish(),
  guided_json: z.union([z.string(), object]).nullish(),
  guided_regex: z.string().nullish(),
  guided_grammar: z.string().nullish(),
  regex: z.string().nullish(),
  ebnf: z.string().nullish(),
  guided_choice: z.array(z.string()).min(1).nullish(),
  structured_outputs: object.nullish(),
  return_token_ids: z.boolean().nullish(),
  prompt_logprobs: z.int().min(0).max(20).nullish(),
  response_format: z
    .looseObject({
      type: z.enum(['text', 'json_object', 'json_schema']),
      json_schema: z.looseObject({ name: z.string().nullish(), schema: object.nullish() }).nullish(),
    })
    .nullish(),
};

/** Options of a stream say nothing of an answer that comes at once: whoever sends them forgot to ask for one. */
export const streamOptionsFit: readonly [(body: Readonly<Record<string, unknown>>) => boolean, { readonly path: string[]; readonly error: string }] = [
  ({ stream, stream_options: options }) => options === undefined || options === null || stream === true,
  { path: ['stream_options'], error: 'needs stream to be true' },
];

/** Log probabilities of a prompt are told with a whole answer only, as vLLM has it. */
export const promptLogprobsFit: typeof streamOptionsFit = [
  ({ stream, prompt_logprobs: top }) => stream !== true || typeof top !== 'number' || top === 0,
  { path: ['prompt_logprobs'], error: 'are not available when stream is true' },
];
