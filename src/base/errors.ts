/** One thing that is wrong with an input: where, what was found and what would be right. */
export interface Issue {
  /** Dotted path into the file or the name of the flag, with `[3]` for list items and `line 12` for line-based files. */
  readonly path: string;
  readonly message: string;
}

/** The input is wrong. Thrown only where data enters, with every issue that was found. */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly issues: readonly Issue[];
  constructor(issues: readonly Issue[]) {
    super(issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('\n'));
    this.issues = issues;
  }
}

/** The program is wrong: a state that no input can reach. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`bug: ${what}`);
}

/** Closes a `switch` over a union: a case that the compiler proved impossible. */
export function unreachable(value: never): never {
  throw new Error(`bug: unreachable ${JSON.stringify(value)}`);
}
