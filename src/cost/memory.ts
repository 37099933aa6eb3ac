import { InputError, unreachable } from '../base/errors.ts';
import { formatQuantity } from '../base/quantity.ts';
import { bytesPerElement } from '../catalogue/format.ts';
import type { Machine } from '../catalogue/machine.ts';
import type { Exchange } from '../catalogue/library.ts';
import type { MemoryRule, Stack } from '../catalogue/stack.ts';
import { headWidth } from '../model/attention.ts';
import { kvBytesPerTokenPerDie, stateBytesOfSequence, widestTokenBytes, windowedBytes } from '../model/kv.ts';
import { contextOf, exchangesTokens, expertTensor, type Layout } from '../model/layout.ts';
import type { ExpertFeedForward, FeedForward, Model, Precision } from '../model/model.ts';
import { linearFormat } from '../model/operators/formats.ts';
import { expertsPerDie, weightBytesPerDie, type Side } from '../model/weights.ts';

export interface MemoryRequest {
  readonly machine: Machine;
  readonly model: Model;
  readonly precision: Precision;
  readonly layout: Layout;
  readonly stack: Stack;
  /** Tokens of the largest batch of one data-parallel rank. */
  readonly maxBatchTokens: number;
  /** Sequences of it whose next token is drawn in one step; absent: any number. */
  readonly maxSequences?: number | undefined;
  /** Share of the memory that the engine may fill, instead of the stack's. */
  readonly utilisation?: number | undefined;
  /** What resident adapters take on one die. [B] */
  readonly adapterBytes?: number | undefined;
}

/** What one die keeps in its memory; the parts sum to the capacity. */
export interface MemoryBudget {
  readonly parts: readonly { readonly name: string; readonly bytes: number }[];
  /** [B] */
  readonly capacity: number;
  /** KV of one token on one die. [B] */
  readonly kvBytesPerToken: number;
  readonly blockTokens: number;
  /** Blocks of a data-parallel rank. */
  readonly kvBlocks: number;
  /** Blocks that a sequence takes whatever its length, for recurrent states and windows. */
  readonly stateBlocks: number;
  /** Of a die that holds experts and nothing else, where they are apart. */
  readonly experts?: Pick<MemoryBudget, 'parts' | 'capacity'> | undefined;
}

/** Hidden-wide rows that are alive at once inside a layer: residual, norm, attention output, projection. */
const liveRows = 4;
const half = 2;
/** Positions whose logits are kept at once: engines cut longer batches. */
const logitRows = 1024;

/**
 * Memory of the fullest die: weights by class, exchange buffers, activations, the framework's reserve; KV blocks take what is left under
 * the engine's utilisation.
 * @throws InputError when nothing is left for KV, or experts do not fit on dies of their own
 */
export function memoryBudget(request: MemoryRequest): MemoryBudget {
  const { machine, model, precision, layout, stack } = request;
  const capacity = machine.chip.die.memory.capacity.value;
  const rowsPerDie = request.maxBatchTokens / (layout.attention === 'sp-tp-sp' ? layout.tensor : contextOf(layout).parallel);
  const weights = weightBytesPerDie(model, precision, layout).map(({ name, bytes }) => ({ name: `weights: ${name}`, bytes }));
  weights.push({ name: 'adapters', bytes: request.adapterBytes ?? 0 });
  const working = [
    { name: 'exchange buffers', bytes: exchangeBuffers(request, rowsPerDie) },
    { name: 'context buffers', bytes: contextBuffers(request) },
    { name: 'activations', bytes: activations(request, rowsPerDie) },
    { name: 'framework reserve', bytes: stack.reserve.value },
  ];
  const free = keptFree(stack.memoryRule, capacity, request.utilisation ?? stack.memoryUtilisation.value, total(weights), total(working));
  const fixed = [...weights, ...working, { name: 'kept free', bytes: free }].filter(({ bytes }) => bytes > 0);
  const taken = total(fixed);
  const experts = layout.experts.apart === true ? expertSide(request, rowsPerDie) : undefined;
  const share = stack.windowedLayers?.share ?? 1;
  const [windowed, window] = windowedBytes(model, precision, layout, stack.blockTokens);
  const kvBytesPerToken = kvBytesPerTokenPerDie(model, precision, layout) - (1 - share) * windowed;
  const states = stateBytesOfSequence(model, precision, layout) + (share === 0 ? window : 0);
  const blockBytes = kvBytesPerToken * stack.blockTokens;
  const kvBlocks = Math.floor((capacity - taken) / blockBytes);
  if (kvBlocks < 1) {
    throw tooLarge(request, taken + blockBytes, fixed, 'die');
  }
  const kv = kvBlocks * blockBytes;
  const left = capacity - taken - kv;
  return {
    parts: [...fixed, { name: 'KV blocks', bytes: kv }, ...(left > 0 ? [{ name: 'less than a block', bytes: left }] : [])],
    capacity,
    experts,
    kvBytesPerToken,
    blockTokens: stack.blockTokens,
    kvBlocks,
    stateBlocks: blockBytes > 0 ? Math.ceil(states / blockBytes) : 0,
  };
}

/** @throws InputError when experts and what they work on do not fit on dies of their own */
function expertSide(request: MemoryRequest, rows: number): Pick<MemoryBudget, 'parts' | 'capacity'> {
  const { machine, model, precision, layout, stack } = request;
  const capacity = machine.chip.die.memory.capacity.value;
  const weights = weightBytesPerDie(model, precision, layout, 'experts').map(({ name, bytes }) => ({ name: `weights: ${name}`, bytes }));
  const moe = expertsOf(model);
  const { parallel } = layout.experts;
  // Rows that arrive in the mean, in and out of an expert, beside its inner width.
  const arriving = moe === undefined ? 0 : (rows * layout.dies * (moe.perToken + 1)) / parallel;
  const width = moe === undefined ? 0 : 2 * (moe.latent?.size ?? model.hidden) + 3 * moe.intermediate;
  const parts = [
    ...weights,
    { name: 'exchange buffers', bytes: exchangeBuffers(request, rows, 'experts') },
    { name: 'activations', bytes: Math.ceil(arriving * width * half) },
    { name: 'framework reserve', bytes: stack.reserve.value },
  ].filter(({ bytes }) => bytes > 0);
  const taken = total(parts);
  if (taken > capacity) throw tooLarge(request, taken, parts, 'expert die');
  return { parts: [...parts, { name: 'not used', bytes: capacity - taken }], capacity };
}

function tooLarge({ machine, model }: MemoryRequest, needed: number, parts: MemoryBudget['parts'], where: string): InputError {
  const capacity = machine.chip.die.memory.capacity.value;
  // Figures that differ by less than a percent are told apart.
  const digits = needed > 1.01 * capacity ? 3 : 6;
  const largest = parts.toSorted((a, b) => b.bytes - a.bytes).slice(0, 3);
  const list = largest.map(({ name, bytes }) => `${name} ${formatQuantity(bytes, 'B')}`).join(', ');
  return new InputError([
    {
      path: 'memory',
      message: `${model.name} needs ${formatQuantity(needed, 'B', digits)} per ${where}, ${formatQuantity(capacity, 'B', digits)} there (${list}); spread it over more dies or use narrower weights`,
    },
  ]);
}

function total(parts: readonly { readonly bytes: number }[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** What an engine leaves unused behind weights and working memory. [B] */
function keptFree(rule: MemoryRule, capacity: number, utilisation: number, weights: number, working: number): number {
  const apart = 1 - utilisation;
  switch (rule) {
    case 'whole':
      return Math.round(capacity * apart);
    case 'static':
      return Math.max(0, Math.round(capacity * apart) - working);
    case 'free':
      return Math.max(0, Math.round((capacity - weights - working) * apart));
    default:
      return unreachable(rule);
  }
}

function expertsOf(model: Model): ExpertFeedForward | undefined {
  for (const { feedForward } of model.groups) if (feedForward.kind === 'experts') return feedForward;
  return undefined;
}

/** Whether a batch is small enough for the kernels that were measured at low latency. */
function lowLatency(stack: Stack, rows: number): Exchange | undefined {
  return stack.exchanges.find(({ kernel, measured }) => kernel === 'low-latency' && rows <= measured.tokens[1]);
}

/**
 * Dispatch and combine buffers. Kernels for small batches keep a slot for every rank: ranks x tokens x min(top k, experts per die) x
 * message (the sizing of the supernode's fused kernels); those for large batches keep the rows that arrive. Where experts are apart, their dies
 * keep what is dispatched, a slot for every rank that sends, and the others what comes back.
 */
function exchangeBuffers({ model, precision, layout, stack }: MemoryRequest, rows: number, side: Side = 'attention'): number {
  const experts = expertsOf(model);
  if (experts === undefined || !exchangesTokens(layout)) return 0;
  const tokens = layout.attention === 'tensor' ? rows / layout.tensor : rows;
  const format = linearFormat(model, precision, 'experts');
  const small = lowLatency(stack, tokens);
  const { apart, parallel } = layout.experts;
  const width = experts.latent?.size ?? model.hidden;
  const out = width * format.inputBytes + (small?.scaleBytes ?? 0);
  const back = width * half;
  const message = apart !== true ? out + back : side === 'experts' ? out : back;
  const ranks = side === 'experts' ? layout.dies : parallel;
  const arriving = side === 'experts' ? (tokens * layout.dies) / parallel : tokens;
  const local = expertsPerDie(experts.routed, layout);
  return Math.ceil(small === undefined ? arriving * experts.perToken * message : ranks * tokens * Math.min(experts.perToken, local) * message);
}

/** Keys and values of one layer that come from the other dies of a context: those of the largest batch, or two blocks of a ring. */
function contextBuffers({ model, precision, layout, maxBatchTokens }: MemoryRequest): number {
  const { parallel, exchange } = contextOf(layout);
  if (parallel === 1) return 0;
  return Math.ceil(maxBatchTokens * widestTokenBytes(model, precision, layout) * (exchange === 'ring' ? Math.min(1, 2 / parallel) : 1));
}

/** The peak of a step: the widest point of a layer, or the logits of the last rows beside the hidden states that they come from. */
function activations({ model, layout, precision, stack, maxSequences }: MemoryRequest, rows: number): number {
  const widths = model.groups.map(({ attention, feedForward }) => {
    const heads = (headWidth(attention) / layout.tensor) * (layout.attention === 'sp-tp-sp' ? layout.tensor : 1);
    const inner = innerWidth(feedForward, layout, model.hidden, precision);
    return Math.max(heads, inner);
  });
  const drawn = maxSequences === undefined ? rows : Math.min(rows, maxSequences * (1 + layout.draftTokens));
  const logits = Math.min(drawn, logitRows) * model.vocabulary * stack.logitBytes.value;
  return Math.ceil(Math.max(rows * (liveRows * model.hidden + Math.max(...widths)) * half, rows * model.hidden * half + logits));
}

/** The widest point of a feed-forward part, in 16-bit elements of one token on one die. */
function innerWidth(part: FeedForward, layout: Layout, hidden: number, precision: Precision): number {
  switch (part.kind) {
    case 'dense':
      return (part.intermediate / (layout.attention === 'sp-tp-sp' ? 1 : layout.tensor)) * 3;
    case 'experts': {
      if (layout.experts.apart === true) return part.sharedIntermediate * 3 * (layout.experts.sharedDies > 0 ? 0 : 1);
      const expert = (part.intermediate / expertTensor(layout)) * 3 + (part.latent?.size ?? hidden) * (1 + bytesPerElement[precision.activations] / half);
      return (part.perToken / (exchangesTokens(layout) ? 1 : layout.experts.parallel)) * expert;
    }
    case 'none':
      return 0;
    default:
      return unreachable(part);
  }
}
