import * as z from 'zod';
import { json, needs, object, texts, tokens, type JsonObject, type Texts } from './body.ts';
import { functionName } from './chat.ts';

type Maybe<T> = T | null | undefined;

/** Something that was said; with the type `function_call` what a function was called with, with `function_call_output` what it gave. */
export interface InputItem {
  readonly type?: Maybe<string>;
  readonly role?: Maybe<string>;
  readonly content?: Maybe<Texts>;
  readonly call_id?: Maybe<string>;
  readonly name?: Maybe<string>;
  readonly arguments?: Maybe<string>;
  readonly output?: Maybe<Texts>;
}

/** A function; with another type than `function` something that a server has of its own. */
export interface ResponsesTool {
  readonly type: string;
  readonly name?: Maybe<string>;
  readonly description?: Maybe<string>;
  readonly parameters?: Maybe<JsonObject>;
}

/** Body of `/v1/responses`. */
export interface ResponsesBody {
  readonly model?: Maybe<string>;
  readonly input: string | readonly InputItem[];
  readonly instructions?: Maybe<string>;
  readonly max_output_tokens?: Maybe<number>;
  readonly stream?: Maybe<boolean>;
  readonly seed?: Maybe<number>;
  readonly priority?: Maybe<number>;
  readonly ignore_eos?: Maybe<boolean>;
  readonly text?: Maybe<{ readonly format?: Maybe<{ readonly type?: Maybe<string>; readonly schema?: Maybe<JsonObject> }> }>;
  readonly tools?: Maybe<readonly ResponsesTool[]>;
  readonly tool_choice?: Maybe<'none' | 'auto' | 'required' | { readonly name: string }>;
  readonly parallel_tool_calls?: Maybe<boolean>;
}

const item = z
  .looseObject({
    type: z.string().nullish(),
    role: z.string().nullish(),
    content: texts.nullish(),
    call_id: z.string().nullish(),
    name: functionName.nullish(),
    arguments: z.string().nullish(),
    output: texts.nullish(),
  })
  .refine(...needs('function_call', 'name'))
  .refine(...needs('function_call', 'arguments'))
  .refine(...needs('function_call_output', 'call_id'))
  .refine(...needs('function_call_output', 'output'));

const tool = z
  .looseObject({ type: z.string(), name: functionName.nullish(), description: z.string().nullish(), parameters: object.nullish() })
  .refine(...needs('function', 'name'));

export const responsesBody: z.ZodType<ResponsesBody> = z
  .looseObject({
    model: z.string().nullish(),
    input: z.union([z.string().min(1), z.array(item).min(1)]),
    instructions: z.string().nullish(),
    max_output_tokens: tokens.nullish(),
    stream: z.boolean().nullish(),
    seed: z.int().nullish(),
    priority: z.int().nullish(),
    ignore_eos: z.boolean().nullish(),
    temperature: z.number().min(0).max(100).nullish(),
    top_p: z.number().gt(0).max(1).nullish(),
    text: z.looseObject({ format: z.looseObject({ type: z.string().nullish(), schema: object.nullish() }).nullish() }).nullish(),
    tools: z.array(tool).max(1024).nullish(),
    tool_choice: z.union([z.enum(['none', 'auto', 'required']), z.looseObject({ type: z.literal('function'), name: z.string() })]).nullish(),
    parallel_tool_calls: z.boolean().nullish(),
    metadata: json.nullish(),
  })
  .refine(({ tool_choice: choice, tools }) => choice !== 'required' || (tools ?? []).some(({ type }) => type === 'function'), {
    path: ['tool_choice'],
    error: 'needs a function among the tools',
  })
  .refine(
    ({ tool_choice: choice, tools }) =>
      typeof choice !== 'object' || choice === null || (tools ?? []).some(({ type, name }) => type === 'function' && name === choice.name),
    { path: ['tool_choice'], error: 'names a function that is not among the tools' },
  );
