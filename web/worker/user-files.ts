import { InputError } from '../../src/base/errors.ts';

/** A file that the user opened, by the name that a scenario calls it. */
export interface UserFile {
  readonly name: string;
  readonly text: string;
}

/** Files that the user opened; those that hold YAML or JSON are parsed once. */
export class UserFiles {
  readonly #texts: ReadonlyMap<string, string>;
  readonly #values: ReadonlyMap<string, unknown>;

  private constructor(texts: ReadonlyMap<string, string>, values: ReadonlyMap<string, unknown>) {
    this.#texts = texts;
    this.#values = values;
  }

  /** The parser is fetched where there is something to parse. */
  static async of(files: readonly UserFile[]): Promise<UserFiles> {
    const structured = files.filter(({ name }) => /\.(?:ya?ml|json)$/.test(name));
    const values = new Map<string, unknown>();
    if (structured.length > 0) {
      const { parseText } = await import('../../schema/parse.ts');
      for (const { name, text } of structured)
        values.set(
          key(name),
          attempt(() => parseText(text, name)),
        );
    }
    return new UserFiles(new Map(files.map(({ name, text }) => [key(name), text])), values);
  }

  /**
   * The content of a YAML or JSON file; undefined where there is none of that name.
   * @throws InputError where it is broken
   */
  value(path: string): unknown {
    const value = this.#values.get(key(path));
    if (value instanceof InputError) throw value;
    return value;
  }

  has(path: string): boolean {
    return this.#texts.has(key(path));
  }

  /** @throws InputError at `at` where no such file was opened */
  text(path: string, at: string): string {
    const text = this.#texts.get(key(path));
    if (text === undefined) throw new InputError([{ path: at, message: `expected the file ${path} to be opened beside the scenario; it was not` }]);
    return text;
  }
}

/** Browsers tell the name of a file and not its folder. */
function key(path: string): string {
  return path.split(/[/\\]/).at(-1) ?? path;
}

/** A broken file is a problem only where something asks for it. */
function attempt(parse: () => unknown): unknown {
  try {
    return parse();
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}
