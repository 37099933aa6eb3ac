import { bytesPerElement } from '../../catalogue/format.ts';
import type { DenseFeedForward, ExpertFeedForward, TensorClass } from '../model.ts';
import type { ComputeOperator, ExchangeOperator, ExpertWork, Stage } from '../operator.ts';
import { collective } from './collective.ts';
import { exchangeRanks } from '../layout.ts';
import { expertsPerDie } from '../weights.ts';
import { expertRows, hottestDie, ranksOfToken } from './expert-rows.ts';
import type { LinearFormat } from './formats.ts';
import { activation, grouped, linear, move, norm, quantise, sort, vector } from './linear.ts';
import type { Instance, Pass } from './pass.ts';

const between = 2;
const dense = {
  up: { product: 'dense-gate-up', quantise: 'dense-quantise' },
  activation: 'dense-activation',
  down: { product: 'dense-down', quantise: 'dense-down-quantise' },
};
const shared = {
  up: { product: 'shared-gate-up', quantise: 'shared-quantise' },
  activation: 'shared-activation',
  down: { product: 'shared-down', quantise: 'shared-down-quantise' },
};
const latentDown = { product: 'latent-down', quantise: 'latent-quantise' };
const latentUp = { product: 'latent-up', quantise: 'latent-up-quantise' };
const router = { product: 'router', quantise: 'router-quantise' };

/** Gate and up, activation, down: a feed-forward block that every token passes. */
function plain(pass: Pass, names: typeof dense, stage: Stage, tensor: TensorClass, rows: number, width: number, gated: boolean): void {
  const { model, formats } = pass.instance;
  linear(pass, names.up, stage, formats[tensor], rows, width * (gated ? 2 : 1), model.hidden);
  activation(pass, names.activation, stage, rows, width, gated);
  linear(pass, names.down, stage, formats[tensor], rows, model.hidden, width);
}

/** Dense feed-forward, split over the tensor group, or whole on every die where tokens are split. `attends`: an attention in front left sums to reduce. */
export function denseFeedForward(pass: Pass, layer: DenseFeedForward, attends: boolean): void {
  const { instance, rows, dieRows } = pass;
  const { layout, model } = instance;
  const whole = layout.attention === 'sp-tp-sp';
  if (!whole && attends) collective(pass, 'attention-all-reduce', 'attention-output', 'all-reduce', rows * model.hidden * between);
  norm(pass, 'feed-forward-norm', 'dense', dieRows, model.hidden, true);
  plain(pass, dense, 'dense', 'dense', dieRows, layer.intermediate / (whole ? 1 : layout.tensor), layer.gated);
  if (!whole) collective(pass, 'feed-forward-all-reduce', 'dense', 'all-reduce', rows * model.hidden * between);
}

/** A layer that only attends ends with the sum over the tensor group. */
export function noFeedForward(pass: Pass): void {
  const { layout, model } = pass.instance;
  if (layout.attention === 'tensor') collective(pass, 'attention-all-reduce', 'attention-output', 'all-reduce', pass.rows * model.hidden * between);
}

/** Mixture of experts on the slowest die: gate, dispatch, routed (or apart-standing shared) experts, replicated shared experts, combine. */
export function expertFeedForward(pass: Pass, layer: ExpertFeedForward, attends: boolean): void {
  const { instance } = pass;
  const { model, layout, formats, exchanges } = instance;
  const { hidden } = model;
  const vectorBytes = pass.rows * hidden * between;
  const insideRank = layout.attention === 'tensor' && layout.tensor > 1;
  // Where tokens go to their experts by exchange, each die of a rank keeps its part of them.
  const tokens = exchanges && insideRank ? pass.rows / layout.tensor : pass.dieRows;
  if (insideRank && attends) {
    if (exchanges) collective(pass, 'attention-reduce-scatter', 'attention-output', 'reduce-scatter', vectorBytes);
    else collective(pass, 'attention-all-reduce', 'attention-output', 'all-reduce', vectorBytes);
  }
  norm(pass, 'feed-forward-norm', 'gate', tokens, hidden, true);
  linear(pass, router, 'gate', formats.router, tokens, layer.routed, hidden);
  vector(pass, 'top-k', 'gate', tokens * layer.routed * 8, tokens * layer.routed * 4 * 2);

  const fanout = layer.perToken + (instance.sharedApart ? 1 : 0);
  const width = layer.latent?.size ?? hidden;
  if (layer.latent !== undefined) linear(pass, latentDown, 'gate', formats.dense, tokens, width, hidden);
  const split = {
    ranks: exchangeRanks(layout),
    ...exchanged(pass, layer, tokens),
    fanout,
    hidden: width,
    format: formats.experts.product,
    localExperts: expertsPerDie(layer.routed, layout),
  };
  if (exchanges) {
    if (formats.experts.quantises) quantise(pass, 'dispatch-quantise', 'dispatch', formats.experts, tokens, width);
    pass.operators.push({ kind: 'wait', name: 'rank-wait', stage: 'dispatch', ranks: layout.experts.apart === true ? layout.dies : layout.experts.parallel });
    pass.operators.push({ kind: 'exchange', name: 'dispatch', stage: 'dispatch', operation: 'dispatch', ...split });
  }
  if (layer.sharedIntermediate > 0 && !instance.sharedApart && !fused(instance, layer)) {
    const sliced = !exchanges && insideRank ? layout.tensor : 1;
    plain(pass, shared, 'shared-expert', 'shared', tokens, layer.sharedIntermediate / sliced, layer.gated);
  }
  const work = routed(pass, layer);
  if (exchanges) {
    pass.operators.push({ kind: 'exchange', name: 'combine', stage: 'combine', operation: 'combine', ...split });
    move(pass, 'weighted-sum', 'combine', 4 * fanout, { rows: tokens, width, bytes: (fanout + 1) * between });
    if (layer.latent !== undefined) linear(pass, latentUp, 'combine', formats.dense, tokens, hidden, width);
    if (insideRank) collective(pass, 'expert-all-gather', 'combine', 'all-gather', vectorBytes);
  } else {
    const from = pass.operators.length;
    move(pass, 'weighted-sum', 'combine', 4, { rows: tokens, width, bytes: 2 * between });
    joined(pass, from, work);
    if (layer.latent !== undefined) linear(pass, latentUp, 'combine', formats.dense, tokens, hidden, width);
    if (insideRank) collective(pass, 'expert-all-reduce', 'combine', 'all-reduce', vectorBytes);
  }
}

/** What the die that gets most rows has over the mean; an expert die that is apart gets the tokens of all attention dies and sends none. */
function exchanged(pass: Pass, layer: ExpertFeedForward, tokens: number): Pick<ExchangeOperator, 'tokens' | 'hottest' | 'arriving'> {
  const { apart, parallel } = pass.instance.layout.experts;
  const hottest = hottestDie(pass, layer);
  return apart === true ? { tokens, hottest: 1, arriving: (pass.expertTokens * hottest) / parallel } : { tokens, hottest };
}

/** Whether the shared expert runs as one more routed expert, which every token has: one as wide, of their format, without a gate of its own. */
function fused({ fusedShared, formats }: Instance, layer: ExpertFeedForward): boolean {
  const [one, other] = [formats.shared, formats.experts];
  const alike = one.stored === other.stored && one.product === other.product && one.variant === other.variant;
  return fusedShared && layer.sharedIntermediate === layer.intermediate && !layer.sharedGate && layer.latent === undefined && alike;
}

/** Experts with their rows; where no exchange sorts and sums rows, the kernels of the experts do, and all of it is one piece of work. */
function routed(pass: Pass, layer: ExpertFeedForward): PartialWork | undefined {
  const { instance } = pass;
  const { intermediate, tensor, ...parts } = expertRows(pass, layer);
  const more = fused(instance, layer) ? 1 : 0;
  const rows = parts.rows + more * pass.expertTokens;
  const groups = parts.groups + (parts.rows > 0 ? more : 0);
  const local = parts.local + more;
  const hidden = tensor === 'shared' ? instance.model.hidden : (layer.latent?.size ?? instance.model.hidden);
  const format = instance.formats[tensor];
  const width = intermediate / instance.expertTensor;
  const prompts = pass.batch.prefillTokens > pass.decodeRows;
  const masked = instance.exchanges && !prompts;
  const from = pass.operators.length;
  const arrived = { rows, width: hidden, bytes: format.inputBytes * 2 };
  if (masked) sort(pass, 'dispatch-copy', 'dispatch', arrived);
  else move(pass, 'expert-permute', 'experts', 0, arrived);
  if (format.quantises && !instance.exchanges) quantise(pass, 'expert-quantise', 'experts', format, rows, hidden);
  grouped(pass, 'expert-gate-up', 'experts', 'grouped-gemm', format, { rows, n: width * (layer.gated ? 2 : 1), k: hidden, groups, masked });
  activation(pass, 'expert-activation', 'experts', rows, width, layer.gated);
  if (format.quantises) quantise(pass, 'expert-down-quantise', 'experts', format, rows, width);
  grouped(pass, 'expert-down', 'experts', 'grouped-gemm', format, { rows, n: hidden, k: width, groups, masked });
  // Of prompts a token travels once to each rank: what its experts there put out is summed before it goes back.
  if (instance.exchanges && !prompts) move(pass, 'combine-copy', 'combine', 0, { rows, width: hidden, bytes: between * 2 });
  if (instance.exchanges && prompts)
    move(pass, 'expert-sum', 'experts', 1, { rows, width: hidden, bytes: (1 + ranksOfToken(pass, layer) / layer.perToken) * between });
  if (instance.exchanges || rows <= 0) return undefined;
  const work: PartialWork = {
    format: workFormat(format),
    tokens: pass.expertTokens,
    perToken: layer.perToken + more,
    experts: layer.routed + more,
    local,
    hit: groups,
    rows,
    hidden,
    width,
    gated: layer.gated,
    weightBytes: format.weightBytes,
    inputBytes: format.inputBytes,
    parts: [],
  };
  joined(pass, from, work);
  return work;
}

interface PartialWork extends ExpertWork {
  readonly parts: ComputeOperator[];
}

/** Makes operators from a place on parts of the work. */
function joined({ operators }: Pass, from: number, work: PartialWork | undefined): void {
  if (work === undefined) return;
  for (let i = from; i < operators.length; i++) {
    const operator = operators[i];
    if (operator?.kind !== 'compute') continue;
    work.parts.push(operator);
    operators[i] = { ...operator, experts: work };
  }
}

const bitsOfByte = 8;

function workFormat({ product, stored, variant }: LinearFormat): string {
  if (product === stored) return variant === undefined ? product : `${product}-${variant}`;
  return `${stored}-a${bytesPerElement[product] * bitsOfByte}`;
}
