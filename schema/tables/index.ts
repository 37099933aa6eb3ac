import { attentionBlockLayouts } from './attention-block.ts';
import { attentionLayouts } from './attention.ts';
import { expertMlpLayouts, groupedGemmLayouts } from './experts.ts';
import { gemmLayouts } from './gemm.ts';
import { linearLayouts } from './linear.ts';
import { headGemmLayouts, mlaLayouts } from './mla.ts';
import { sparseLayouts } from './sparse.ts';
import { vectorLayouts } from './vector.ts';
import type { Layout, TableHeader } from './layout.ts';

/** Every layout of operator tables that can be read: a family adds its own. */
export const layouts: readonly Layout[] = [
  ...gemmLayouts,
  ...attentionLayouts,
  ...groupedGemmLayouts,
  ...expertMlpLayouts,
  ...headGemmLayouts,
  ...mlaLayouts,
  ...sparseLayouts,
  ...linearLayouts,
  ...attentionBlockLayouts,
  ...vectorLayouts,
];

/** The layouts that a table fits. */
export function layoutsOf(header: TableHeader): readonly Layout[] {
  return layouts.filter(
    (layout) => layout.columns.every((column) => header.columns.includes(column) || header.constants.has(column)) && (layout.accepts?.(header) ?? true),
  );
}
