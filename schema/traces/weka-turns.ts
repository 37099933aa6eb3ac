import type { AgentPlan } from '../../src/serving/traffic/session.ts';
import type { LineProblems } from './problems.ts';
import { MOST_TOKENS } from './rows.ts';

/** Block ids are 32-bit in the caches. */
const MOST_ID = 2 ** 31;

type Fields = Readonly<Record<string, unknown>>;

/** A request of an agent as it was recorded. */
export interface Turn {
  /** From the start of the session, or of its agent. [s] */
  readonly at: number;
  /** When its answer was there, as far as it is known; else its arrival. [s] */
  readonly end: number;
  /** From the end of the one before it. [s] */
  readonly wait: number;
  readonly input: number;
  readonly output: number;
  /** Block ids as first, length, first, length... */
  readonly runs: readonly number[];
}

/** Turns, and how many had no output: those are passed over, and their think time goes to the next one. */
export interface FoundTurns {
  readonly turns: readonly Turn[];
  readonly leftOut: number;
}

/** Reads requests of agents. Whether block ids are run-length coded is told by the first prompt where only one of the two fits. */
export function turnReader(problems: LineProblems): (entries: readonly Fields[], place: string, blockTokens: number, line: number) => FoundTurns {
  let coded: boolean | undefined;

  /** Runs of a list of ids, or what is wrong with it. */
  function runsOf(ids: readonly unknown[], blocks: number): readonly number[] | string {
    const wrong = ids.find((id) => typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= MOST_ID);
    if (wrong !== undefined) return `expected whole numbers from 0 to 2^31 as block ids, got ${JSON.stringify(wrong)}`;
    const numbers = ids as readonly number[];
    const plain = numbers.length === blocks;
    const lengths = numbers.reduce((sum, length, i) => (i % 2 === 1 ? sum + length : sum), 0);
    const runs = numbers.length % 2 === 0 && lengths === blocks;
    if (!plain && !runs) return `expected ${blocks} block ids, plain or as pairs of first and length, got ${numbers.length}`;
    if (plain !== runs) coded ??= runs;
    return runs && (coded === true || !plain) ? numbers : joined(numbers);
  }

  return (entries, place, blockTokens, line) => {
    const turns: Turn[] = [];
    let leftOut = 0;
    let carried = 0;
    let last: { readonly at: number; readonly end: number } | undefined;
    entries.forEach((entry, i) => {
      const at = `${place}[${i}]`;
      const number = (key: string, least: number): number | undefined => {
        const value = entry[key];
        if (typeof value === 'number' && Number.isFinite(value) && value >= least) return value;
        problems.add(line, `${at}.${key}: expected a number from ${least}, got ${JSON.stringify(value)}`);
        return undefined;
      };
      const [t, input, output] = [number('t', 0), number('in', 1), number('out', 0)];
      const ids = entry['hash_ids'];
      if (t === undefined || input === undefined || output === undefined) return;
      if (!Number.isInteger(input) || !Number.isInteger(output) || Math.max(input, output) > MOST_TOKENS) {
        problems.add(line, `${at}: expected whole numbers of at most ${MOST_TOKENS} tokens, got ${input} in, ${output} out`);
        return;
      }
      const runs = Array.isArray(ids)
        ? runsOf(ids as readonly unknown[], Math.floor(input / blockTokens))
        : `expected a list of block ids, got ${JSON.stringify(ids)}`;
      if (typeof runs === 'string') {
        problems.add(line, `${at}.hash_ids: ${runs}`);
        return;
      }
      const { api_time: served, think_time: think } = entry;
      const known = typeof think === 'number' && think >= 0 ? think : Math.max(0, t - (last?.end ?? t));
      last = { at: t, end: t + (typeof served === 'number' ? served : 0) };
      if (output === 0) {
        leftOut++;
        carried += known;
        return;
      }
      turns.push({ ...last, wait: known + carried, input, output, runs });
      carried = 0;
    });
    return { turns, leftOut };
  };
}

/** Turns as an agent with these think times. */
export function agentOf(turns: readonly Turn[], waits: readonly number[], parent: number, awaited: boolean): AgentPlan {
  const runStart = new Int32Array(turns.length + 1);
  turns.forEach(({ runs }, t) => (runStart[t + 1] = (runStart[t] ?? 0) + runs.length));
  return {
    parent,
    awaited,
    think: Float64Array.from(waits),
    inputTokens: Int32Array.from(turns, ({ input }) => input),
    outputTokens: Int32Array.from(turns, ({ output }) => output),
    runStart,
    runs: Int32Array.from(turns.flatMap(({ runs }) => runs)),
  };
}

/** Plain ids as runs. */
function joined(ids: readonly number[]): readonly number[] {
  const runs: number[] = [];
  for (const id of ids) {
    const at = runs.length - 2;
    if (at >= 0 && (runs[at] ?? 0) + (runs[at + 1] ?? 0) === id) runs[at + 1] = (runs[at + 1] ?? 0) + 1;
    else runs.push(id, 1);
  }
  return runs;
}
