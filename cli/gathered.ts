import { InputError, type Issue } from '../src/base/errors.ts';

/** Problems from several places of one command line, told together. */
export class Gathered {
  readonly #issues: Issue[] = [];

  add(path: string, message: string): void {
    this.#issues.push({ path, message });
  }

  async attempt<T>(make: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await make();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.#issues.push(...error.issues);
      return undefined;
    }
  }

  /** @throws InputError with everything that was gathered */
  settle(): void {
    if (this.#issues.length > 0) throw new InputError(this.#issues);
  }
}
