/** The model is out of its depth somewhere: which rule, where, and by how much. Shown beside every number it touched. */
export interface Doubt {
  /** Stable name of the rule, such as `data-sheet-roofline`. */
  readonly rule: string;
  /** What it touches: an operator, a link, a chip. */
  readonly where: string;
  /** One sentence with the figure. */
  readonly message: string;
}
