import * as z from 'zod';
import { json, object, tokens, type JsonObject } from './body.ts';
import { promptLogprobsFit, sampling, streamOptionsFit, type Sampling } from './sampling.ts';

export interface ChatPart {
  readonly text?: string | undefined;
  readonly refusal?: string | undefined;
}

export interface ChatMessage {
  readonly role: string;
  readonly content?: string | readonly ChatPart[] | null | undefined;
  /** Of what a function gave. */
  readonly tool_call_id?: string | null | undefined;
  readonly tool_calls?:
    | readonly {
        readonly id?: string | null | undefined;
        readonly type?: 'function' | undefined;
        readonly function: { readonly name: string; readonly arguments?: string | JsonObject | null | undefined };
      }[]
    | null
    | undefined;
}

export interface ChatTool {
  readonly type: 'function';
  readonly function: { readonly name: string; readonly description?: string | null | undefined; readonly parameters?: JsonObject | null | undefined };
}

export type ToolChoice = 'none' | 'auto' | 'required' | { readonly type: 'function'; readonly function: { readonly name: string } };

/** Body of `/v1/chat/completions`. */
export interface ChatBody extends Sampling {
  readonly messages: readonly ChatMessage[];
  readonly max_completion_tokens?: number | null | undefined;
  readonly logprobs?: boolean | null | undefined;
  readonly top_logprobs?: number | null | undefined;
  readonly tools?: readonly ChatTool[] | null | undefined;
  readonly tool_choice?: ToolChoice | null | undefined;
  readonly parallel_tool_calls?: boolean | null | undefined;
}

const part = z.union([
  z.looseObject({ type: z.enum(['text', 'input_text', 'output_text']), text: z.string() }),
  z.looseObject({ type: z.literal('refusal'), refusal: z.string() }),
]);

const call = z.looseObject({
  id: z.string().nullish(),
  type: z.literal('function').optional(),
  function: z.looseObject({ name: z.string(), arguments: z.union([z.string(), object]).nullish() }),
});

const message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
  content: z.union([z.string(), z.array(part)], { error: 'expected text, or parts with text: no other medium is served' }).nullish(),
  name: z.string().nullish(),
  tool_call_id: z.string().nullish(),
  tool_calls: z.array(call).nullish(),
});

/** What a function is called. */
export const functionName: z.ZodType<string> = z.string().min(1).max(256);

const tool = z.looseObject({
  type: z.literal('function'),
  function: z.looseObject({ name: functionName, description: z.string().nullish(), parameters: object.nullish() }),
});

const named = z.looseObject({ type: z.literal('function'), function: z.looseObject({ name: z.string() }) });

export const chatBody: z.ZodType<ChatBody> = z
  .looseObject({
    ...sampling,
    messages: z.array(message).min(1),
    max_completion_tokens: tokens.nullish(),
    logprobs: z.boolean().nullish(),
    top_logprobs: z.int().min(0).max(20).nullish(),
    tools: z.array(tool).nullish(),
    tool_choice: z.union([z.enum(['none', 'auto', 'required']), named]).nullish(),
    parallel_tool_calls: z.boolean().nullish(),
    chat_template_kwargs: json.nullish(),
    add_generation_prompt: z.boolean().nullish(),
    reasoning_effort: z.string().nullish(),
  })
  .refine(...streamOptionsFit)
  .refine(...promptLogprobsFit)
  .refine(({ top_logprobs, logprobs }) => (top_logprobs ?? 0) === 0 || logprobs === true, { path: ['top_logprobs'], error: 'needs logprobs to be true' })
  .refine(({ tool_choice, tools }) => (tool_choice ?? 'none') === 'none' || (tools ?? []).length > 0, { path: ['tool_choice'], error: 'needs tools' })
  .refine(
    ({ tool_choice: choice, tools }) =>
      typeof choice !== 'object' || choice === null || (tools ?? []).some((one) => one.function.name === choice.function.name),
    {
      path: ['tool_choice'],
      error: 'names a function that is not among the tools',
    },
  );
