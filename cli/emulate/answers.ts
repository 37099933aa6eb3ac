import { InputError } from '../../src/base/errors.ts';
import { expectedOneOf } from '../../src/base/nearest.ts';
import { counterUniform } from '../../src/kernel/random.ts';
import { ln } from '../../src/kernel/elementary.ts';
import type { AnswerSource } from '../../server/tokens/answer.ts';
import { datasetAnswers } from '../../server/tokens/dataset.ts';
import { echo } from '../../server/tokens/echo.ts';
import { Filler, fillerAnswers } from '../../server/tokens/filler.ts';
import { shipped } from '../../server/tokens/shipped.ts';
import { tokenizerFrom } from '../../server/tokens/tokenizer-json.ts';
import type { Tokenizer } from '../../server/tokens/tokenizer.ts';
import { upstreamAnswers } from '../../server/tokens/upstream.ts';
import type { EmulateFlags } from './flags.ts';

export function tokenizerOf({ tokenizer }: EmulateFlags): Tokenizer {
  return tokenizer === undefined ? shipped : tokenizerFrom(tokenizer);
}

/**
 * Where answers come from.
 * @throws InputError where flags do not go together, or a file cannot be read
 */
export function answersOf(flags: EmulateFlags, tokenizer: Tokenizer): AnswerSource {
  const { mode, datasetPath, upstream, upstreamKey: key, upstreamModel: model } = flags;
  if (datasetPath !== undefined && upstream !== undefined)
    throw new InputError([{ path: '--upstream', message: 'gives answers, and --dataset-path too; expected one of them' }]);
  if (upstream !== undefined) return upstreamAnswers({ url: upstream, key, model }, tokenizer);
  if (datasetPath !== undefined) return datasetAnswers(datasetPath, tokenizer);
  if (mode === 'echo') return echo(tokenizer);
  if (mode !== 'random') throw new InputError([{ path: '--mode', message: expectedOneOf(mode, ['random', 'echo']) }]);
  // Exponential, as long as the mean says: without a model nothing better is known of where an answer ends.
  return fillerAnswers(
    new Filler(tokenizer),
    ({ seed }) => 1 - flags.answerTokens * ln(1 - counterUniform(Math.floor(seed / 2 ** 32), seed >>> 0, 0x6c656e, 0)),
  );
}
