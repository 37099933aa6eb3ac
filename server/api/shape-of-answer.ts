import type { ChatBody, ChatTool } from '../../schema/http/chat.ts';
import type { Sampling } from '../../schema/http/sampling.ts';
import { counterUniform } from '../../src/kernel/random.ts';
import { ApiError } from '../http/api-error.ts';
import { Shaper } from './shaped.ts';

/** An answer that has a shape: its text, and the function that is called with it. */
export interface ShapedAnswer {
  readonly text: string;
  readonly tool?: string | undefined;
}

const anything = { type: 'object', properties: { result: { type: 'string' } }, required: ['result'] };

/**
 * What a request wants its answer to look like; undefined where any text will do.
 * @throws ApiError 400 for what no answer can be made of
 */
export function shapeOfAnswer(body: Sampling & Partial<Pick<ChatBody, 'tools' | 'tool_choice'>>, seed: number, toolShare: number): ShapedAnswer | undefined {
  const tool = toolOf(body, seed, toolShare);
  if (tool !== undefined) return { text: textOf(tool.function.parameters ?? {}, seed), tool: tool.function.name };
  const { response_format: format, guided_json: guided, guided_choice: choices, structured_outputs: structured } = body;
  const among = choices ?? structured?.['choice'];
  if (Array.isArray(among) && among.length > 0) return { text: String(among[draw(seed, 2, among.length)]) };
  const schema = guided ?? structured?.['json'] ?? (format?.type === 'json_schema' ? (format.json_schema?.schema ?? {}) : undefined);
  if (schema !== undefined && schema !== null) return { text: textOf(typeof schema === 'string' ? parsed(schema) : schema, seed) };
  if (format?.type === 'json_object' || structured?.['json_object'] === true) return { text: textOf(anything, seed) };
  if (structured?.['regex'] !== undefined || structured?.['grammar'] !== undefined)
    throw new ApiError(400, 'Answers of a regular expression or a grammar are not made; expected a JSON schema or a choice', { param: 'structured_outputs' });
  return undefined;
}

function toolOf({ tools, tool_choice: choice }: Partial<Pick<ChatBody, 'tools' | 'tool_choice'>>, seed: number, share: number): ChatTool | undefined {
  if (tools === undefined || tools === null || tools.length === 0 || choice === 'none') return undefined;
  if (typeof choice === 'object' && choice !== null) return tools.find((one) => one.function.name === choice.function.name);
  if (choice !== 'required' && draw(seed, 0, 2 ** 20) / 2 ** 20 >= share) return undefined;
  return tools[draw(seed, 1, tools.length)];
}

function textOf(schema: unknown, seed: number): string {
  const root = typeof schema === 'object' && schema !== null ? (schema as Readonly<Record<string, unknown>>) : {};
  return JSON.stringify(new Shaper(root, seed).make());
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(400, 'The schema is no JSON', { param: 'guided_json' });
  }
}

function draw(seed: number, what: number, below: number): number {
  return Math.floor(counterUniform(Math.floor(seed / 2 ** 32), seed >>> 0, what, 0) * below);
}
