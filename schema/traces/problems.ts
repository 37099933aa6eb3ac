import { InputError, type Issue } from '../../src/base/errors.ts';

/** Problems that one file may list; the rest are counted. */
const LISTED = 20;

/** Collects what is wrong with a line-based file. */
export class LineProblems {
  readonly #path: string;
  readonly #issues: Issue[] = [];
  #count = 0;

  constructor(path: string) {
    this.#path = path;
  }

  get count(): number {
    return this.#count;
  }

  /** A problem of one line, or of the whole file where `line` is 0. */
  add(line: number, message: string): void {
    if (this.#count++ >= LISTED) return;
    const place = [this.#path, line === 0 ? '' : `line ${line}`].filter((part) => part !== '').join(': ');
    this.#issues.push({ path: place, message });
  }

  /** @throws InputError when there was any problem. */
  throwIfAny(): void {
    if (this.#count === 0) return;
    const more = this.#count - this.#issues.length;
    throw new InputError(more === 0 ? this.#issues : [...this.#issues, { path: this.#path, message: `and ${more} more problems` }]);
  }
}
