/** Number formats of tensors and of matrix engines. */
export const numberFormats = ['fp32', 'bf16', 'fp16', 'fp8', 'int8', 'int4', 'fp4'] as const;
export type NumberFormat = (typeof numberFormats)[number];

/** Storage of one element, scales not counted. [B] */
export const bytesPerElement: Readonly<Record<NumberFormat, number>> = { fp32: 4, bf16: 2, fp16: 2, fp8: 1, int8: 1, int4: 0.5, fp4: 0.5 };
