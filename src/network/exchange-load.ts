import { exp, ln } from '../kernel/elementary.ts';
import { bytesPerElement, type NumberFormat } from '../catalogue/format.ts';
import type { Exchange, ExchangeCosts, ExchangeOperation } from '../catalogue/library.ts';

/** What one die sends to experts, or gets back. */
export interface ExchangeLoad {
  readonly tokens: number;
  /** Experts of a token. */
  readonly fanout: number;
  readonly hidden: number;
  /** Of a dispatched element; combined rows are in the format of the kernel. */
  readonly format: NumberFormat;
  /** Experts that one die holds; as in the measurement where it is not known. */
  readonly localExperts?: number | undefined;
}

/** A group that exchanges: its size, the part of it in one node, and the ports of a die. [B/s] */
export interface ExchangeGroup {
  readonly ranks: number;
  readonly perNode: number;
  readonly nearPort: number;
  readonly farPort: number;
  /** Cores of a die that can drive the exchange. */
  readonly cores: number;
}

/** Bytes of one row. */
export function rowBytes(kernel: Exchange, operation: ExchangeOperation, hidden: number, format: NumberFormat): number {
  if (operation === 'combine') return hidden * bytesPerElement[kernel.combineFormat];
  const narrow = bytesPerElement[format] < 2;
  return hidden * bytesPerElement[format] + (narrow ? (kernel.scaleBytes * hidden) / kernel.hidden : 0);
}

/** How many of `n` equal places a token's experts fall into in the mean, each expert anywhere. */
function distinct(n: number, fanout: number): number {
  return n <= 1 ? Math.min(1, fanout) : n * (1 - exp(fanout * ln(1 - 1 / n)));
}

/** Rows that one die sends, itself included. */
export function rowsOf(kernel: Exchange, ranks: number, { tokens, fanout }: ExchangeLoad): number {
  return tokens * (kernel.copies === 'experts' ? fanout : distinct(ranks, fanout));
}

/** What the constants of a kernel multiply. */
export interface ExchangeWork {
  readonly ranks: number;
  /** Elements of a row. */
  readonly hidden: number;
  readonly experts: number;
  /** Tokens or rows that one core handles, and their elements. */
  readonly tokens: number;
  readonly elements: number;
  /** Bytes through the port over its full rate, in the node and beyond. [s] */
  readonly near: number;
  readonly far: number;
}

/**
 * Work of one call. A core handles one token after the other; kernels for small batches give every expert a group of warps or cores, so that as many cores work
 * as there are experts, in whole rounds. Experts are anywhere, so that a row stays on its die, in its node or beyond by their sizes; a row that
 * travels once for each rank also travels once for each node.
 */
export function workOf(kernel: Exchange, operation: ExchangeOperation, group: ExchangeGroup, load: ExchangeLoad): ExchangeWork {
  const { ranks, perNode, nearPort, farPort } = group;
  const experts = load.localExperts ?? kernel.measured.experts / ranks;
  const whole = Math.max(1, experts * ranks);
  const cores = Math.max(1, Math.min(group.cores, whole / Math.ceil(whole / group.cores)));
  // What a core handles: a token with all its copies, or where the kernel copies row by row, each of them.
  const tokens = Math.max(1, (kernel.copies === 'experts' ? load.tokens : rowsOf(kernel, ranks, load)) / cores);
  const bytes = rowBytes(kernel, operation, load.hidden, load.format);
  const rows = rowsOf(kernel, ranks, load) * bytes;
  const inside = Math.min(ranks, perNode);
  const nodes = ranks / inside;
  const beyond =
    kernel.copies === 'experts' || kernel.plane === 'scale-up'
      ? (rows * (ranks - inside)) / ranks
      : (load.tokens * distinct(nodes, load.fanout) * bytes * (nodes - 1)) / nodes;
  return { ranks, hidden: load.hidden, experts, tokens, elements: tokens * load.hidden, near: (rows * (inside - 1)) / ranks / nearPort, far: beyond / farPort };
}

/** Where the time of a call goes. [s] */
export interface ExchangeParts {
  readonly start: number;
  readonly ranks: number;
  readonly experts: number;
  readonly cores: number;
  readonly near: number;
  readonly far: number;
  /** Of all of it together, beside the chain of latencies. */
  readonly time: number;
}

/** Time of a call: a sum of its work; over two planes the slower of both links counts. */
export function partsOf(costs: ExchangeCosts, work: ExchangeWork, twoPlanes: boolean): ExchangeParts {
  const near = work.near / costs.near.value;
  const far = work.far / (costs.far ?? costs.near).value;
  const start = costs.start.value + work.hidden * costs.fill.value;
  const ranks = work.ranks * costs.rank.value;
  const experts = work.experts * costs.expert.value;
  const cores = work.tokens * costs.token.value + work.elements * costs.element.value;
  const sum = start + ranks + experts + cores + (twoPlanes ? Math.max(near, far) : near + far);
  return { start, ranks, experts, cores, near, far, time: beside(costs.floor?.value ?? 0, sum) };
}

/** Two things at once that nearly hide each other: the fourth root of the sum of fourth powers. */
function beside(a: number, b: number): number {
  if (a === 0) return b;
  const most = Math.max(a, b);
  const [x, y] = [a / most, b / most];
  return most * Math.sqrt(Math.sqrt(x * x * x * x + y * y * y * y));
}
