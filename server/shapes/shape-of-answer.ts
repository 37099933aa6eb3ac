import type { ChatBody, ChatTool } from '../../schema/http/chat.ts';
import type { Sampling } from '../../schema/http/sampling.ts';
import { counterUniform } from '../../src/kernel/random.ts';
import { ApiError } from '../http/api-error.ts';
import { grammarOf } from './grammar.ts';
import { Shaper } from './json.ts';
import { regexPattern } from './regex.ts';
import { NoText, written } from './written.ts';

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
  const { response_format: format, guided_json: guided, guided_choice: choices, guided_regex: regex, guided_grammar: grammar } = body;
  const structured = body.structured_outputs ?? {};
  const among = choices ?? structured['choice'];
  if (Array.isArray(among) && among.length > 0) return { text: String(among[draw(seed, 2, among.length)]) };
  const schema = guided ?? structured['json'] ?? (format?.type === 'json_schema' ? (format.json_schema?.schema ?? {}) : undefined);
  if (schema !== undefined && schema !== null) return { text: textOf(typeof schema === 'string' ? parsed(schema) : schema, seed) };
  if (format?.type === 'json_object' || structured['json_object'] === true) return { text: textOf(anything, seed) };
  const expression = regex ?? body.regex ?? structured['regex'];
  if (expression !== undefined && expression !== null) return { text: made('regex', expression, (source) => written(regexPattern(source), seed)) };
  const rules = grammar ?? body.ebnf ?? structured['grammar'];
  if (rules !== undefined && rules !== null)
    return {
      text: made('grammar', rules, (source) => {
        const read = grammarOf(source);
        return written({ kind: 'rule', name: 'root' }, seed, read);
      }),
    };
  if (structured['structural_tag'] !== undefined && structured['structural_tag'] !== null)
    throw new ApiError(400, 'structural_tag: no answers are made of it; expected json, regex, choice or grammar', { param: 'structured_outputs' });
  return undefined;
}

/** Longest expression or grammar that is read. [characters] */
const longest = 10_000;

/** @throws ApiError 400 where no text is made of a source */
function made(param: string, source: unknown, make: (source: string) => string): string {
  if (typeof source !== 'string' || source.length > longest) throw new ApiError(400, `${param}: expected a text of at most ${longest} characters`, { param });
  try {
    return make(source);
  } catch (error) {
    // One that nests deeper than the stack goes.
    if (error instanceof RangeError) throw new ApiError(400, `${param}: nests too deep`, { param });
    if (!(error instanceof NoText)) throw error;
    throw new ApiError(400, `${param}: ${error.message}`, { param });
  }
}

function toolOf({ tools, tool_choice: choice }: Partial<Pick<ChatBody, 'tools' | 'tool_choice'>>, seed: number, share: number): ChatTool | undefined {
  if (tools === undefined || tools === null || tools.length === 0 || choice === 'none') return undefined;
  if (typeof choice === 'object' && choice !== null) return tools.find((one) => one.function.name === choice.function.name);
  if (choice !== 'required' && draw(seed, 0, 2 ** 20) / 2 ** 20 >= share) return undefined;
  return tools[draw(seed, 1, tools.length)];
}

function textOf(schema: unknown, seed: number): string {
  const root = typeof schema === 'object' && schema !== null ? (schema as Readonly<Record<string, unknown>>) : {};
  const shaper = new Shaper(root, seed, (pattern, own) => made('pattern', pattern, (source) => written(regexPattern(source), own)));
  try {
    return JSON.stringify(shaper.make());
  } catch (error) {
    if (error instanceof RangeError) throw new ApiError(400, 'The schema: its values nest too deep');
    if (!(error instanceof NoText)) throw error;
    throw new ApiError(400, `The schema: ${error.message}`);
  }
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
