import { readModelCard } from '../../schema/model.ts';
import type { CheckpointConvention, PointConventions } from '../../schema/points/conventions.ts';
import { InputError } from '../../src/base/errors.ts';
import type { Model } from '../../src/model/model.ts';
import { dataNames, readData } from '../data.ts';

/** Endings of published names that say how weights are stored or tuned, not what the model is. */
const endings = /-(instruct|chat|hf|it|base|fp8|fp4|nvfp4|mxfp4|int4|int8|bf16|awq|gptq|dynamic|block|\d{4})$/;

/** What a published name has in common with the name of its card. */
function plain(name: string): string {
  let rest = name.toLowerCase().replace(/^meta-/, '');
  while (endings.test(rest)) rest = rest.replace(endings, '');
  return rest;
}

/** The card of a published name such as `Qwen/Qwen3-235B-A22B-FP8`; undefined where the catalogue has none. */
export function cardOf(published: string, aliases: PointConventions['models']): string | undefined {
  const name = plain(published.split('/').at(-1) ?? published);
  const alias = Object.entries(aliases).find(([from]) => plain(from) === name)?.[1];
  return alias ?? dataNames('models').find((card) => plain(card) === name);
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The model of a card with its weights stored in a precision: as its own checkpoint has them where that is the one, else by convention.
 * @throws InputError when nothing says how such a checkpoint is stored, or the card is wrong
 */
export function modelIn(card: string, published: string, precision: string, checkpoints: readonly CheckpointConvention[]): Model {
  const { value, path } = readData('models', card, 'model');
  const own = readModelCard(value, path, card).model;
  if (precision === '' || precision === (own.quantisation?.weights ?? own.baseFormat)) return own;
  const organisation = published.includes('/') ? published.split('/')[0] : undefined;
  const experts = own.groups.some(({ feedForward }) => feedForward.kind === 'experts');
  const form = checkpoints.find(
    (entry) =>
      entry.precision === precision &&
      (entry.organisation === undefined || entry.organisation === organisation) &&
      (entry.experts === undefined || entry.experts === experts),
  );
  if (form === undefined) throw new InputError([{ path: 'precision', message: `nothing says how a checkpoint in ${precision} is stored` }]);
  if (!isMap(value) || !isMap(value['config'])) return own;
  const { quantization_config: _, ...config } = value['config'];
  const stored = form.quantization === undefined ? config : { ...config, quantization_config: form.quantization };
  return readModelCard({ ...value, config: stored }, path, card).model;
}
