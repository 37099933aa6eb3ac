import { expectedOneOf } from '../../src/base/nearest.ts';
import { numberFormats } from '../../src/catalogue/format.ts';
import { draftMethods } from '../scenario/draft.ts';
import type { DraftFile } from '../scenario/file.ts';
import type { Problems } from '../scenario/problems.ts';
import type { StepFlags } from './flags.ts';
import { shareOf, wholeNumber } from './number.ts';

/** `1:0.7`, or a chance for each position: `3:0.8,0.6,0.4`. */
export function mtpOf(typed: string, problems: Problems): { draft: number; acceptance: number | readonly number[] } | undefined {
  const [tokens, chances, ...more] = typed.split(':');
  if (chances === undefined || more.length > 0) {
    problems.add('--mtp', `expected DRAFT:ACCEPTANCE such as 1:0.7, got "${typed}"`);
    return undefined;
  }
  return drafted(tokens, chances, '--mtp', problems);
}

/** `eagle:3:0.8,0.6,0.4` and what `--draft-model`, `--draft-vocabulary`, `--draft-tensor`, `--draft-weights` say to it. */
export function draftOf(flags: StepFlags, problems: Problems): DraftFile | undefined {
  const { draft: typed, draftModel, draftWeights } = flags;
  const others = {
    '--draft-model': draftModel,
    '--draft-vocabulary': flags.draftVocabulary,
    '--draft-tensor': flags.draftTensor,
    '--draft-weights': draftWeights,
  };
  if (typed === undefined) {
    for (const [flag, value] of Object.entries(others)) if (value !== undefined) problems.add(flag, 'needs --draft, which says who drafts');
    return undefined;
  }
  const [name, tokens, chances, ...more] = typed.split(':');
  const method = draftMethods.find((known) => known === name);
  if (method === undefined || chances === undefined || more.length > 0) {
    const wrong = method === undefined && chances !== undefined ? `: ${expectedOneOf(name ?? '', draftMethods)}` : '';
    problems.add('--draft', `expected METHOD:TOKENS:ACCEPTANCE such as eagle:3:0.7, got "${typed}"${wrong}`);
    return undefined;
  }
  const read = drafted(tokens, chances, '--draft', problems);
  const weights = numberFormats.find((format) => format === draftWeights);
  if (draftWeights !== undefined && weights === undefined) problems.add('--draft-weights', expectedOneOf(draftWeights, numberFormats));
  if (read === undefined) return undefined;
  return {
    method,
    tokens: read.draft,
    acceptance: read.acceptance,
    model: draftModel,
    vocabulary: wholeNumber(flags.draftVocabulary, '--draft-vocabulary', 1, problems),
    tensor: wholeNumber(flags.draftTensor, '--draft-tensor', 1, problems),
    weights,
  };
}

function drafted(
  tokens: string | undefined,
  chances: string,
  flag: string,
  problems: Problems,
): { draft: number; acceptance: number | readonly number[] } | undefined {
  const draft = wholeNumber(tokens, flag, 1, problems);
  const acceptance = chances.split(',').map((chance) => shareOf(chance, flag, problems) ?? Number.NaN);
  if (draft === undefined || acceptance.some(Number.isNaN)) return undefined;
  return { draft, acceptance: acceptance.length === 1 ? (acceptance[0] ?? 0) : acceptance };
}
