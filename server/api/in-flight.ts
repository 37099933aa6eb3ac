import type { Choice } from './choice.ts';

/** Answers that the engine has, by the id that their client knows. */
export class InFlight {
  readonly #ids = new Map<Choice, string>();

  add(choice: Choice, id: string | undefined): void {
    this.#ids.set(choice, id ?? '');
  }

  delete(choice: Choice): void {
    this.#ids.delete(choice);
  }

  /** Those of an id, also where it was counted through for several answers; without one all. */
  of(id: string | undefined): readonly Choice[] {
    const all = [...this.#ids].filter(([choice, own]) => choice.ended === undefined && (id === undefined || own === id || own.startsWith(`${id}_`)));
    return all.map(([choice]) => choice);
  }
}
