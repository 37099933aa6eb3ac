import { inputWidth } from '../attention.ts';
import type { DraftModule } from '../model.ts';
import { collective } from './collective.ts';
import { gather, linear, norm, vector } from './linear.ts';
import type { Pass } from './pass.ts';
import type { Stage } from '../operator.ts';

const head = { product: 'head', quantise: 'head-quantise' };
const join = { product: 'draft-projection', quantise: 'draft-quantise' };
const embeddingIn = { product: 'draft-embedding-projection', quantise: 'draft-embedding-quantise' };
const between = 2;
const logitBytes = 4;

/** Rows of the embedding table, split over the tensor group. */
export function embedding(pass: Pass): void {
  const { model } = pass.instance;
  gather(pass, 'embedding', 'embedding', pass.dieRows, model.hidden);
  if (pass.instance.layout.attention === 'tensor') collective(pass, 'embedding-all-reduce', 'embedding', 'all-reduce', pass.rows * model.hidden * between);
}

/** Final norm, logits of `rows` positions, sampling. The vocabulary is split over the tensor group, or whole where tokens are split. */
export function headAndSampling(pass: Pass, stage: Stage, rows: number, entries: number = pass.instance.model.vocabulary): void {
  const { model, layout, formats } = pass.instance;
  const whole = layout.attention === 'sp-tp-sp';
  const dieRows = whole ? rows / layout.tensor : rows;
  const vocabulary = entries / (whole ? 1 : layout.tensor);
  const streams = model.residualStreams ?? 1;
  if (streams > 1) vector(pass, 'stream-join', stage, dieRows * model.hidden * streams * (streams + 1) * 2, dieRows * model.hidden * (streams + 1) * between);
  norm(pass, 'final-norm', stage, dieRows, model.hidden, true);
  linear(pass, head, stage, formats.head, dieRows, vocabulary, model.hidden);
  if (!whole) collective(pass, 'logits-all-gather', stage, 'all-gather', rows * entries * between);
  vector(pass, 'sampling', stage, dieRows * entries * 10, dieRows * entries * logitBytes * 2, { class: 'sampling' });
}

/**
 * What joins the hidden state with the embedding of the drafted token in front of a draft layer. A head that reads several states joins them where
 * the model has just made them (`fresh`), and takes the embedding into its attention.
 */
export function draftInput(pass: Pass, { states, layers }: DraftModule, fresh: boolean): void {
  const { model, formats, layout } = pass.instance;
  norm(pass, 'draft-norm', 'draft', pass.dieRows, 2 * model.hidden, false);
  if (states === undefined) {
    linear(pass, join, 'draft', formats.draft, pass.dieRows, model.hidden, 2 * model.hidden);
    return;
  }
  if (fresh) linear(pass, join, 'draft', formats.draft, pass.dieRows, model.hidden, states * model.hidden);
  const { width, parts } = inputWidth(layers.attention);
  linear(pass, embeddingIn, 'draft', formats.draft, pass.rows, width / Math.min(parts, layout.tensor), model.hidden);
}
