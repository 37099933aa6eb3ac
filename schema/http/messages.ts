import * as z from 'zod';
import { json, needs, object, texts, tokens, type JsonObject, type Texts } from './body.ts';
import { functionName } from './chat.ts';

type Maybe<T> = T | null | undefined;

/** A text; with the type `tool_use` what a function is called with, with `tool_result` what it gave. */
export interface ContentBlock {
  readonly type: string;
  readonly text?: string | undefined;
  readonly id?: Maybe<string>;
  readonly name?: Maybe<string>;
  readonly input?: Maybe<JsonObject>;
  readonly tool_use_id?: Maybe<string>;
  readonly content?: Maybe<Texts>;
}

/** Body of `/v1/messages`, as Anthropic has it. */
export interface MessagesBody {
  readonly model?: Maybe<string>;
  readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly content: string | readonly ContentBlock[] }[];
  readonly system?: Maybe<Texts>;
  readonly max_tokens: number;
  readonly stream?: Maybe<boolean>;
  readonly stop_sequences?: Maybe<readonly string[]>;
  readonly tools?: Maybe<readonly { readonly name: string; readonly description?: Maybe<string>; readonly input_schema: JsonObject }[]>;
  readonly tool_choice?: Maybe<{ readonly type: 'auto' | 'any' | 'tool' | 'none'; readonly name?: Maybe<string> }>;
}

const block = z
  .looseObject({
    type: z.enum(['text', 'thinking', 'redacted_thinking', 'tool_use', 'tool_result'], { error: 'expected a text, or a call of a function or what it gave' }),
    text: z.string().optional(),
    id: z.string().nullish(),
    name: functionName.nullish(),
    input: object.nullish(),
    tool_use_id: z.string().nullish(),
    content: texts.nullish(),
  })
  .refine(...needs('text', 'text'))
  .refine(...needs('tool_use', 'id'))
  .refine(...needs('tool_use', 'name'))
  .refine(...needs('tool_use', 'input'))
  .refine(...needs('tool_result', 'tool_use_id'));

export const messagesBody: z.ZodType<MessagesBody> = z
  .looseObject({
    model: z.string().nullish(),
    messages: z.array(z.looseObject({ role: z.enum(['user', 'assistant']), content: z.union([z.string(), z.array(block)]) })).min(1),
    system: texts.nullish(),
    max_tokens: tokens,
    stream: z.boolean().nullish(),
    stop_sequences: z.array(z.string().max(10_000)).max(64).nullish(),
    temperature: z.number().min(0).max(1).nullish(),
    tools: z
      .array(z.looseObject({ name: functionName, description: z.string().nullish(), input_schema: object }))
      .max(1024)
      .nullish(),
    tool_choice: z.looseObject({ type: z.enum(['auto', 'any', 'tool', 'none']), name: z.string().nullish() }).nullish(),
    metadata: json.nullish(),
  })
  .refine(({ tool_choice: choice, tools }) => choice?.type !== 'any' || (tools ?? []).length > 0, { path: ['tool_choice'], error: 'needs tools' })
  .refine(({ tool_choice: choice, tools }) => choice?.type !== 'tool' || (tools ?? []).some(({ name }) => name === choice.name), {
    path: ['tool_choice', 'name'],
    error: 'names a function that is not among the tools',
  });
