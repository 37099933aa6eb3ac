/** Where a figure comes from: a maker's sheet, somebody's measurement on the real thing, or a derivation. */
export const figureKinds = ['sheet', 'measured', 'estimate'] as const;
export type FigureKind = (typeof figureKinds)[number];

/** One published value in SI units that says where it comes from. */
export interface PublishedValue {
  readonly value: number;
  readonly kind: FigureKind;
  readonly source: string;
}

/** The value that is used, and beside it the other values that are published for the same quantity. */
export interface Figure extends PublishedValue {
  readonly alternatives?: readonly PublishedValue[] | undefined;
}

/** A figure with `factor` times its value; its kind, source and alternatives stay as they were published. */
export function times(figure: Figure, factor: number): Figure {
  return { ...figure, value: figure.value * factor };
}
