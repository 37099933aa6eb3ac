import { dataRanks, type Layout } from '../../src/model/layout.ts';
import type { StepBatch } from '../../src/report/step/request.ts';
import type { RankBatch } from '../../src/model/batch.ts';
import type { Machine } from '../../src/catalogue/machine.ts';
import { overInstance, parseCount } from '../counts.ts';
import type { Problems } from '../scenario/problems.ts';
import { wholeNumber } from './number.ts';
import type { StepFlags } from './flags.ts';

const none: RankBatch = { decodeSequences: 0, queryTokens: 1, decodeContext: 0, prefillTokens: 0, prefillSequences: 0, prefillPairs: 0, prefillContext: 0 };

/** Flags that say what is in the iteration of a phase, and what each has to be. */
const sizes = {
  prefill: { tokens: 'expected a count such as "16384/npu", got nothing', prompt: 'expected the tokens of each prompt, such as 4096, got nothing' },
  decode: {
    batch: 'expected a count such as "96/npu", got nothing',
    context: 'expected the tokens in the KV of each sequence, such as 4096, got nothing',
  },
} as const;

/** Sizes that are missing in a phase, and those that belong to the other one. */
export function checkSizes(flags: StepFlags, phase: 'prefill' | 'decode', problems: Problems): void {
  const other = phase === 'prefill' ? 'decode' : 'prefill';
  const names = Object.keys(sizes[phase]).map((name) => `--${name}`);
  const given = new Map<string, unknown>(Object.entries(flags));
  for (const name of Object.keys(sizes[other]))
    if (given.get(name) !== undefined) problems.add(`--${name}`, `belongs to --phase ${other}; ${phase} takes ${names.join(' and ')}`);
  for (const [name, missing] of Object.entries(sizes[phase])) if (given.get(name) === undefined) problems.add(`--${name}`, missing);
}

function totalOf(typed: string | undefined, flag: string, layout: Layout, machine: Machine, problems: Problems): number | undefined {
  if (typed === undefined) return undefined;
  const { count, problem } = parseCount(typed);
  if (count === undefined) {
    problems.add(flag, problem);
    return undefined;
  }
  const chips = layout.dies / machine.chip.dies;
  const total = overInstance(count, { dies: layout.dies, chips, ranks: dataRanks(layout), nodes: chips / machine.node.chips });
  if (Number.isInteger(total)) return total;
  problems.add(flag, `"${typed.trim()}" is ${total} over the instance: expected a whole number`);
  return undefined;
}

/** Sequences of equal context that decode, spread over the data-parallel ranks; the fullest rank is priced. */
function decodeBatch(flags: StepFlags, layout: Layout, machine: Machine, problems: Problems): StepBatch | undefined {
  const total = totalOf(flags.batch, '--batch', layout, machine, problems);
  const context = wholeNumber(flags.context, '--context', 1, problems);
  if (total === undefined || context === undefined) return undefined;
  const queryTokens = 1 + layout.draftTokens;
  // A pipeline has a batch in flight in each stage: each has its part of the sequences.
  const inFlight = Math.ceil(total / layout.pipeline);
  const decodeSequences = Math.ceil(inFlight / dataRanks(layout));
  return {
    batch: { rank: { ...none, decodeSequences, queryTokens, decodeContext: decodeSequences * context }, instanceTokens: inFlight * queryTokens },
    total,
    context,
  };
}

/** Fresh prompts of equal length spread over the ranks; what is left of a rank's tokens is the first chunk of one more. */
function prefillBatch(flags: StepFlags, layout: Layout, machine: Machine, problems: Problems): StepBatch | undefined {
  const total = totalOf(flags.tokens, '--tokens', layout, machine, problems);
  const prompt = wholeNumber(flags.prompt, '--prompt', 1, problems);
  if (total === undefined || prompt === undefined) return undefined;
  const tokens = Math.ceil(total / dataRanks(layout));
  const whole = Math.floor(tokens / prompt);
  const rest = tokens - whole * prompt;
  const rank: RankBatch = {
    ...none,
    prefillTokens: tokens,
    prefillSequences: whole + (rest > 0 ? 1 : 0),
    prefillPairs: (whole * prompt * (prompt + 1) + rest * (rest + 1)) / 2,
    prefillContext: tokens,
  };
  return { batch: { rank, instanceTokens: total }, total, context: Math.min(prompt, tokens) };
}

/** The batch of one iteration, in its phase. */
export function batchOf(flags: StepFlags, phase: 'prefill' | 'decode', layout: Layout, machine: Machine, problems: Problems): StepBatch | undefined {
  return phase === 'decode' ? decodeBatch(flags, layout, machine, problems) : prefillBatch(flags, layout, machine, problems);
}
