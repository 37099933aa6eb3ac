/** Where a figure comes from: a maker's sheet, somebody's measurement on the real thing, or a derivation. */
export type FigureKind = 'sheet' | 'measured' | 'estimate';

/** A value in SI units that says where it comes from. */
export interface Figure {
  readonly value: number;
  readonly kind: FigureKind;
  readonly source: string;
}
