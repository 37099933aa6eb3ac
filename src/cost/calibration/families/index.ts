import type { OperatorFamily } from '../family.ts';
import { latentBlockDecode, latentBlockPrefill, sparseBlockDecode, sparseBlockPrefill } from './attention-block.ts';
import { attentionDecode } from './attention-decode.ts';
import { attentionPrefill } from './attention-prefill.ts';
import { expertMlp } from './expert-mlp.ts';
import { gemm } from './gemm.ts';
import { groupedGemm } from './grouped-gemm.ts';
import { headGemm } from './head-gemm.ts';
import { linearScan, linearUpdate, shortConvolution } from './linear-attention.ts';
import { mlaDecode } from './mla-decode.ts';
import { mlaPrefill } from './mla-prefill.ts';
import { sparseDecode, sparsePrefill } from './sparse-attention.ts';
import { indexChoice, indexScores } from './sparse-index.ts';
import { activation, add, embedding, norm, quantise, rope, rowMove } from './vector.ts';

/** Every family whose cells can be fitted and priced. */
const families: readonly OperatorFamily<unknown>[] = [
  gemm,
  groupedGemm,
  expertMlp,
  attentionPrefill,
  attentionDecode,
  headGemm,
  mlaPrefill,
  mlaDecode,
  sparsePrefill,
  sparseDecode,
  indexScores,
  indexChoice,
  latentBlockPrefill,
  latentBlockDecode,
  sparseBlockPrefill,
  sparseBlockDecode,
  linearScan,
  linearUpdate,
  shortConvolution,
  norm,
  activation,
  rope,
  quantise,
  embedding,
  add,
  rowMove,
];

/** The family of a class of cells. */
export function familyOf(operatorClass: string): OperatorFamily<unknown> | undefined {
  return families.find((family) => family.class === operatorClass);
}
