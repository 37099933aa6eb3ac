import type { ExpertLoads } from '../../../model/expert-load.ts';
import type { DieRates, OperatorFamily } from '../family.ts';
import { groupedProduct, hardFloor, octaves, productParameters, sumOf } from './grouped-product.ts';

/** The routed experts of one die in one layer, from permuting the tokens' rows to summing them up again. */
export interface ExpertMlpShape {
  /** Tokens that the kernels see. */
  readonly tokens: number;
  /** Experts of each token. */
  readonly perToken: number;
  /** Rows that are permuted and summed up: tokens times experts of each, those of other dies included where the kernels skip them. */
  readonly expanded: number;
  readonly loads: ExpertLoads;
  readonly hidden: number;
  /** Intermediate size on this die. */
  readonly width: number;
  /** Matrices of an expert: 3 with a gate, 2 without. */
  readonly matrices: number;
  /** Experts of the layer, and those on this die. */
  readonly experts: number;
  readonly local: number;
  readonly weightBytes: number;
  readonly inputBytes: number;
  /** Whether the kernels' launches were tuned for this shape; absent: they were. */
  readonly tuned?: boolean | undefined;
  /** Power-law exponent of the routing; 0: uniform. */
  readonly skew: number;
}

/** Where the constants of the products begin. */
const first = 9;
/** Octaves by which kinds of kernels are kept apart. */
const apart = 3;
/** Rows of vector work count 16-bit elements that pass the memory. */
const vectorBytes = 2;

/** Launches of few tokens repeat badly: which experts they hit is random. */
const fewTokens = 32;

/**
 * The expert MLP as one launch: floors of its kernels, sorting rows to experts, gate and up, activation, down, and vector work over the
 * tokens' rows and over those of this die.
 */
export const expertMlp: OperatorFamily<ExpertMlpShape> = {
  class: 'expert-mlp',
  parameters: [
    { name: 'floor', unit: 's', min: 1e-6, max: 5e-4, start: 2e-5 },
    { name: 'local', unit: 's per expert on the die', min: 1e-11, max: 3e-6, start: 1e-8 },
    { name: 'expert', unit: 's per expert of the layer', min: 1e-11, max: 1e-6, start: 1e-8 },
    { name: 'token', unit: 's', min: 1e-12, max: 1e-7, start: 1e-10 },
    { name: 'expanded', unit: 's per row', min: 1e-13, max: 3e-8, start: 1e-10 },
    { name: 'expanded-hidden', unit: 'passes', min: 1e-3, max: 8, start: 0.5 },
    { name: 'expanded-width', unit: 'passes', min: 1e-3, max: 6, start: 0.5 },
    { name: 'row-hidden', unit: 'passes', min: 1e-3, max: 8, start: 1 },
    { name: 'row-width', unit: 'passes', min: 1e-3, max: 8, start: 1 },
    ...productParameters,
  ],

  time(shape, die, p) {
    const { tokens, expanded, loads, hidden, width, matrices, experts, local } = shape;
    const { rows } = sumOf(loads);
    const launches = (p[0] ?? 0) + local * (p[1] ?? 0) + experts * (p[2] ?? 0);
    const passes = expanded * (hidden * (p[5] ?? 0) + width * (p[6] ?? 0)) + rows * (hidden * (p[7] ?? 0) + width * (p[8] ?? 0));
    const vector = tokens * (p[3] ?? 0) + expanded * (p[4] ?? 0) + (passes * vectorBytes) / die.bandwidth;
    const up = groupedProduct(loads, width * (matrices - 1), hidden, shape, die, p, first);
    const down = groupedProduct(loads, hidden, width, shape, die, p, first);
    return launches + vector + up + down;
  },

  floor({ loads, hidden, width, matrices, weightBytes }, die: DieRates) {
    return hardFloor(matrices * hidden * width, loads, weightBytes, die);
  },

  features({ perToken, loads, hidden, width, experts, local, matrices, tuned }) {
    const { hit, rows } = sumOf(loads);
    return [
      octaves(hidden),
      octaves(width),
      octaves(hit),
      octaves(rows / Math.max(1, hit)),
      octaves(perToken) + apart * (3 - matrices) + (tuned === false ? 2 * apart : 0),
      octaves(experts / local),
    ];
  },

  group({ hidden, width, experts, local, perToken }) {
    return `${hidden}x${width}x${experts}x${local}x${perToken}`;
  },

  growth: ({ tokens, hidden, width, experts, local, perToken, matrices }) => ({
    along: `${hidden}x${width}x${experts}x${local}x${perToken}x${matrices}`,
    at: tokens,
  }),

  fitted({ skew }) {
    return skew === 0;
  },

  shapeOf({ experts: work }) {
    if (work === undefined) return undefined;
    const { tokens, perToken, experts, local, hit, rows, hidden, width, gated, weightBytes, inputBytes } = work;
    return {
      tokens,
      perToken,
      expanded: tokens * perToken,
      loads: [hit, rows / hit],
      hidden,
      width,
      matrices: gated ? 3 : 2,
      experts,
      local,
      weightBytes,
      inputBytes,
      skew: 0,
    };
  },

  gated({ tokens, skew }) {
    return tokens >= fewTokens && skew === 0;
  },
};
