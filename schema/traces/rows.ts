import { TraceBuilder } from '../../src/serving/traffic/columns.ts';
import type { Labels } from '../../src/serving/traffic/arrival.ts';
import type { TraceContent } from './format.ts';
import type { LineProblems } from './problems.ts';

/** More tokens than any model of today takes: a length beyond is a mistake. */
export const MOST_TOKENS = 10_000_000;

/** What a format calls the columns that every trace has, for error messages. */
export interface ColumnNames {
  readonly time: string;
  readonly input: string;
  readonly output: string;
}

/** One request as a reader found it: undefined where the reader has reported the field already. */
export interface FoundRequest {
  /** [s] */
  readonly time: number | undefined;
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly blocks?: readonly (number | string)[] | undefined;
  readonly labels?: Partial<Labels> | undefined;
}

/** Checks requests against the laws that every trace keeps, and gathers them into columns with dense block ids. */
export class TraceRows {
  readonly #problems: LineProblems;
  readonly #names: ColumnNames;
  readonly #builder: TraceBuilder;
  readonly #ids = new Map<number | string, number>();
  #lastTime = -Infinity;
  #lastLine = 0;

  constructor(problems: LineProblems, names: ColumnNames, blockTokens: number) {
    this.#problems = problems;
    this.#names = names;
    this.#builder = new TraceBuilder(blockTokens);
  }

  add(line: number, { time, input, output, blocks = [], labels }: FoundRequest): void {
    const before = this.#problems.count;
    this.#checkTime(line, time);
    this.#checkTokens(line, this.#names.input, input, 'a request without a prompt cannot be served');
    this.#checkTokens(line, this.#names.output, output, 'a request that emits nothing has no latency to tell: leave it out');
    if (this.#problems.count > before || time === undefined || input === undefined || output === undefined) return;
    for (const id of blocks) this.#builder.addBlock(this.#dense(id));
    this.#builder.add(time, input, output, labels);
  }

  /** @throws InputError when there was any problem. */
  content(tenants?: readonly string[]): TraceContent {
    if (this.#builder.count === 0 && this.#problems.count === 0) this.#problems.add(0, 'no requests: expected a line for each');
    this.#problems.throwIfAny();
    return { kind: 'requests', columns: { ...this.#builder.columns(), ...(tenants === undefined ? {} : { tenants }) } };
  }

  #checkTime(line: number, time: number | undefined): void {
    if (time === undefined) return;
    const { time: name } = this.#names;
    if (!Number.isFinite(time)) this.#problems.add(line, `${name}: expected a finite time, got ${time}`);
    else if (time < 0) this.#problems.add(line, `${name}: expected a time of at least 0, got ${time} s`);
    else {
      if (time < this.#lastTime)
        this.#problems.add(line, `${name}: ${time} s is before line ${this.#lastLine} (${this.#lastTime} s); requests must come in order of arrival`);
      this.#lastTime = time;
      this.#lastLine = line;
    }
  }

  #checkTokens(line: number, name: string, tokens: number | undefined, whyNotZero: string): void {
    if (tokens === undefined) return;
    if (!Number.isInteger(tokens)) this.#problems.add(line, `${name}: expected a whole number of tokens, got ${tokens}`);
    else if (tokens === 0) this.#problems.add(line, `${name}: 0 tokens; ${whyNotZero}`);
    else if (tokens < 0) this.#problems.add(line, `${name}: expected at least 1 token, got ${tokens}`);
    else if (tokens > MOST_TOKENS) this.#problems.add(line, `${name}: expected at most ${MOST_TOKENS} tokens, got ${tokens}`);
  }

  #dense(id: number | string): number {
    const known = this.#ids.get(id);
    if (known !== undefined) return known;
    const next = this.#ids.size;
    this.#ids.set(id, next);
    return next;
  }
}
