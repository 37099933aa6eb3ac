import type { Bytes, Seconds } from '../base/units.ts';
import type { Machine } from '../catalogue/machine.ts';
import type { Stack } from '../catalogue/stack.ts';
import type { Attention } from '../model/attention.ts';
import type { Layout } from '../model/layout.ts';
import type { Model } from '../model/model.ts';
import { peakOf, Rates } from './rates.ts';

/** What low-rank adapters (LoRA) cost on one die. */
export interface AdapterCost {
  /** Of one adapter. */
  readonly bytes: Bytes;
  /** For each distinct adapter of a batch, for each token that has one, and once where there is any. */
  readonly perAdapter: Seconds;
  readonly perToken: Seconds;
  readonly launches: Seconds;
}

/** A product `in -> out` that adapters add `B (A x)` to. */
interface AdaptedProduct {
  readonly in: number;
  readonly out: number;
}

/** Adapters are 16-bit, whatever the weights are in. [B] */
const element = 2;
/** One for A, one for B. */
const launchesOfProduct = 2;

/**
 * The products that are adapted: queries, keys, values and output of attention by heads; of latent attention the query's projections, the
 * compression of keys and values, and the output. Recurrent and compressed layers, feed-forward parts and draft modules are not adapted.
 */
export function adaptedProducts(attention: Attention, hidden: number): readonly AdaptedProduct[] {
  if (attention.kind === 'grouped-query') {
    const { heads, keyValueHeads, headSize, valueHeadSize, keysAsValues } = attention;
    return [
      { in: hidden, out: heads * headSize },
      { in: hidden, out: keyValueHeads * headSize },
      ...(keysAsValues === true ? [] : [{ in: hidden, out: keyValueHeads * valueHeadSize }]),
      { in: heads * valueHeadSize, out: hidden },
    ];
  }
  if (attention.kind === 'latent') {
    const { heads, queryRank, nopeHeadSize, ropeHeadSize, keyValueRank, valueHeadSize } = attention;
    const queries = heads * (nopeHeadSize + ropeHeadSize);
    return [
      { in: hidden, out: queryRank ?? queries },
      ...(queryRank === undefined ? [] : [{ in: queryRank, out: queries }]),
      { in: hidden, out: keyValueRank + ropeHeadSize },
      { in: heads * valueHeadSize, out: hidden },
    ];
  }
  return [];
}

/**
 * An estimate, which no measurement stands behind: A and B of the distinct adapters of a batch are read once at the data sheet's bandwidth,
 * 2 x rank x (in + out) flop for each token at its 16-bit peak, and two launches for each adapted product and layer at the stack's floor.
 * Each adapter is split over all dies of a tensor group; what those exchange for it is left out. In the form of S-LoRA (arXiv 2311.03285) and
 * Punica (arXiv 2310.18547), whose kernels stay below these rates.
 */
export function adapterCost(machine: Machine, model: Model, layout: Layout, stack: Stack, rank: number): AdapterCost {
  let widths = 0;
  let products = 0;
  for (const { count, attention } of model.groups) {
    const adapted = adaptedProducts(attention, model.hidden);
    widths += count * adapted.reduce((sum, one) => sum + one.in + one.out, 0);
    products += count * adapted.length;
  }
  const { die } = machine.chip;
  const parameters = (rank * widths) / layout.tensor;
  const bytes = Math.ceil(parameters * element);
  const peak = peakOf(die, 'bf16')?.peak.value ?? die.vector.peak.value;
  const { floor } = new Rates(machine, stack).of('gemm', 'bf16', false);
  return {
    bytes,
    perAdapter: bytes / die.memory.bandwidth.value,
    perToken: (2 * parameters) / peak,
    launches: launchesOfProduct * products * floor,
  };
}

/** What a batch pays for its adapters on one die; nothing where it has none. */
export function adapterTime({ perAdapter, perToken, launches }: AdapterCost, distinct: number, tokens: number): Seconds {
  return distinct === 0 ? 0 : launches + distinct * perAdapter + tokens * perToken;
}
