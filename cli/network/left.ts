/** Share of the rate of an exchange on a plane that faults leave. */
export interface PlaneLeft {
  readonly plane: string;
  readonly share: number;
}

export function leftText(left: readonly PlaneLeft[]): readonly string[] {
  return left.map(({ plane, share }) => `  ${(100 * share).toFixed(1)} % of the rate of an exchange on ${plane} is left`);
}
