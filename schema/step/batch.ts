import { dataRanks, type Layout } from '../../src/model/layout.ts';
import type { StepBatch } from '../../src/report/step/request.ts';
import type { RankBatch } from '../../src/model/batch.ts';
import type { Machine } from '../../src/catalogue/machine.ts';
import { overInstance, parseCount } from '../counts.ts';
import type { Problems } from '../scenario/problems.ts';
import { wholeNumber } from './number.ts';
import type { StepFlags } from './flags.ts';

const none: RankBatch = { decodeSequences: 0, queryTokens: 1, decodeContext: 0, prefillTokens: 0, prefillSequences: 0, prefillPairs: 0, prefillContext: 0 };

function totalOf(typed: string | undefined, flag: string, example: string, layout: Layout, machine: Machine, problems: Problems): number | undefined {
  if (typed === undefined) {
    problems.add(flag, `expected a count such as "${example}", got nothing`);
    return undefined;
  }
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
  for (const [flag, value] of [
    ['--tokens', flags.tokens],
    ['--prompt', flags.prompt],
  ] as const)
    if (value !== undefined) problems.add(flag, 'belongs to --phase prefill; decode takes --batch and --context');
  const total = totalOf(flags.batch, '--batch', '96/npu', layout, machine, problems);
  if (flags.context === undefined) problems.add('--context', 'expected the tokens in the KV of each sequence, such as 4096, got nothing');
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
  for (const [flag, value] of [
    ['--batch', flags.batch],
    ['--context', flags.context],
  ] as const)
    if (value !== undefined) problems.add(flag, 'belongs to --phase decode; prefill takes --tokens and --prompt');
  const total = totalOf(flags.tokens, '--tokens', '16384/npu', layout, machine, problems);
  if (flags.prompt === undefined) problems.add('--prompt', 'expected the tokens of each prompt, such as 4096, got nothing');
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
