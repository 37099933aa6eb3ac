import { readFileSync } from 'node:fs';
import { InputError, type Issue } from '../../src/base/errors.ts';
import { mix } from '../../src/kernel/random.ts';
import { lengthOf, type AnswerSource } from './answer.ts';
import { spelled } from './spelled.ts';
import type { Tokenizer } from './tokenizer.ts';

interface Row {
  readonly prompt: string | undefined;
  readonly answer: string;
}

const answerKeys = ['completion', 'response', 'output', 'answer'] as const;
const promptKeys = ['prompt', 'instruction', 'input', 'question'] as const;
/** Problems that are told of one file. */
const shown = 20;

/**
 * Answers of a JSON Lines file. A row is `{"prompt", "completion"}` (or `response`, `output`, `answer`), chat `messages` with roles, or ShareGPT
 * `conversations`. A request whose last words are a row's prompt gets that row's answer, every other one a row by its seed. An answer that
 * has to go on goes on with the next row.
 * @throws InputError with every row that cannot be read
 */
export function datasetAnswers(path: string, tokenizer: Tokenizer): AnswerSource {
  const rows = readRows(path);
  const byPrompt = new Map(rows.map(({ prompt }, i) => [prompt, i]));
  const read = new Map<number, readonly number[]>();
  const idsOf = (index: number): readonly number[] => {
    const known = read.get(index);
    if (known !== undefined) return known;
    const ids = tokenizer.encode((rows[index] as Row).answer);
    read.set(index, ids);
    return ids;
  };
  return {
    answer: (request) => {
      const first = byPrompt.get(request.said) ?? mix(request.seed) % rows.length;
      const own = idsOf(first);
      const { tokens, finish } = lengthOf(request, own.length);
      const ids = own.slice(0, tokens);
      for (let next = first + 1; ids.length < tokens; next++) ids.push(...idsOf(next % rows.length).slice(0, tokens - ids.length));
      return spelled(tokenizer, ids, finish);
    },
  };
}

function readRows(path: string): readonly Row[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new InputError([{ path, message: `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}); expected a JSON Lines file` }]);
  }
  const issues: Issue[] = [];
  const rows: Row[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const found = rowOf(line);
    if (typeof found === 'string') issues.push({ path: `${path}:${i + 1}`, message: found });
    else rows.push(...found);
  }
  if (issues.length > shown) throw new InputError([...issues.slice(0, shown), { path, message: `${issues.length - shown} more rows are wrong` }]);
  if (issues.length > 0) throw new InputError(issues);
  if (rows.length === 0) throw new InputError([{ path, message: 'holds no rows; expected one with an answer at least' }]);
  return rows;
}

/** The rows of a line, or what is wrong with it. */
function rowOf(line: string): readonly Row[] | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return `is no JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'holds no object; expected {"prompt": ..., "completion": ...}';
  const fields = value as Readonly<Record<string, unknown>>;
  const turns = fields['messages'] ?? fields['conversations'];
  if (turns !== undefined) return turnsOf(turns);
  const answer = answerKeys.map((key) => fields[key]).find((one) => typeof one === 'string' && one !== '');
  if (typeof answer !== 'string') return `has no answer; expected a text under one of ${answerKeys.join(', ')}, or messages`;
  const prompt = promptKeys.map((key) => fields[key]).find((one) => typeof one === 'string');
  return [{ prompt: typeof prompt === 'string' ? prompt : undefined, answer }];
}

function turnsOf(turns: unknown): readonly Row[] | string {
  if (!Array.isArray(turns)) return 'expected messages to be a list';
  const rows: Row[] = [];
  let said: string | undefined;
  for (const turn of turns as readonly Readonly<Record<string, unknown>>[]) {
    const text = turn?.['content'] ?? turn?.['value'];
    if (typeof text !== 'string') return 'expected every message to have a text as content (or value)';
    const role = turn['role'] ?? turn['from'];
    if (role === 'assistant' || role === 'gpt') {
      if (text !== '') rows.push({ prompt: said, answer: text });
    } else if (role !== 'system') said = text;
  }
  return rows.length === 0 ? 'has no message of an assistant; expected an answer' : rows;
}
