import type { OperatorFamily } from '../family.ts';
import { gemm, type GemmShape } from './gemm.ts';

const at = (name: string): number => gemm.parameters.findIndex((parameter) => parameter.name === name);
const HOST = at('host');
const RESIDENT = at('resident');

/** Products of all heads in one launch, each with weights of its own: the projections that latent attention absorbs. */
export const headGemm: OperatorFamily<GemmShape> = {
  ...gemm,
  class: 'head-gemm',
  standIn: gemm,
  /** Benchmarks launch the same weights over and over; in a step those of other layers have passed through the cache in between. */
  inStep(p) {
    p[HOST] = gemm.parameters[HOST]?.min ?? 0;
    p[RESIDENT] = gemm.parameters[RESIDENT]?.min ?? 0;
  },
};
