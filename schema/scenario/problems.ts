import type { Issue } from '../../src/base/errors.ts';
import { InputError } from '../../src/base/errors.ts';
import { placed } from '../read.ts';

/** Gathers everything that is wrong with one file, one issue per place. */
export class Problems {
  readonly #prefix: string;
  readonly #issues: Issue[] = [];
  readonly #places = new Set<string>();

  /** `prefix` goes before every path: the name of the file, or nothing. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  get issues(): readonly Issue[] {
    return this.#issues;
  }

  add(path: string, message: string): void {
    if (this.#places.has(path)) return;
    this.#places.add(path);
    this.#issues.push({ path: this.at(path), message });
  }

  /** The whole place of a path: the file, then the path in it. */
  at(path: string): string {
    return placed(this.#prefix, path);
  }

  /** Whether something is wrong at `path` or above it. */
  covers(path: string): boolean {
    return [...this.#places].some((place) => place === '' || path === place || path.startsWith(`${place}.`) || path.startsWith(`${place}[`));
  }

  /** Runs `read`; its input errors join the list and the result is undefined. */
  async attempt<T>(path: string, read: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.#places.add(path);
      this.#issues.push(...error.issues);
      return undefined;
    }
  }

  /** @throws InputError with every issue, when there is one. */
  throwIfAny(): void {
    if (this.#issues.length > 0) throw new InputError(this.#issues);
  }
}
