import { stepsOfRun, type Acceptance } from './acceptance.ts';
import type { Instance } from './instance.ts';
import { rowOf, type RequestTable } from './request-table.ts';

/** Drafts that requests accept, drawn for some steps of each at a time and kept by the row of its slot. */
class KeptDrafts {
  readonly #acceptance: Acceptance;
  /** Whose are kept for a row, and of which run of its steps. */
  readonly #ordinals: Float64Array;
  readonly #runs: Int32Array;
  readonly #drafts: Uint16Array;

  constructor(acceptance: Acceptance, rows: number) {
    this.#acceptance = acceptance;
    this.#ordinals = new Float64Array(rows);
    this.#runs = new Int32Array(rows).fill(-1);
    this.#drafts = new Uint16Array(rows * stepsOfRun);
  }

  get rows(): number {
    return this.#runs.length;
  }

  at(slot: number, ordinal: number, step: number): number {
    const row = rowOf(slot);
    const run = Math.floor(step / stepsOfRun);
    if (this.#runs[row] !== run || this.#ordinals[row] !== ordinal) {
      this.#runs[row] = run;
      this.#ordinals[row] = ordinal;
      this.#acceptance.run(ordinal, run, this.#drafts, row * stepsOfRun);
    }
    return this.#drafts[row * stepsOfRun + (step % stepsOfRun)];
  }
}

/** What each decoding sequence of an instance puts out in the step that ends, for those who are told of it (`EmissionListener`). */
export class Emissions {
  readonly #table: RequestTable;
  readonly #drafts = new Map<Acceptance, KeptDrafts>();

  constructor(table: RequestTable) {
    this.#table = table;
  }

  /** Drafts that were accepted beyond the end of an answer are in it: the last step puts out what is left. */
  of({ ranks, options, decoding: { steps } }: Instance, told: (slot: number, tokens: number) => void): void {
    const { ordinal, stepsBefore, joinStep } = this.#table;
    const { acceptance } = options;
    if (acceptance.drafts === 0) {
      for (const { members } of ranks) for (let i = 0; i < members.length; i++) told(members[i], 1);
      return;
    }
    const drafts = this.#keptFor(acceptance);
    for (const { members } of ranks)
      for (let i = 0; i < members.length; i++) {
        const slot = members[i];
        told(slot, 1 + drafts.at(slot, ordinal[slot], stepsBefore[slot] + ((steps - joinStep[slot]) | 0)));
      }
  }

  #keptFor(acceptance: Acceptance): KeptDrafts {
    const rows = this.#table.capacity;
    const kept = this.#drafts.get(acceptance);
    if (kept?.rows === rows) return kept;
    const made = new KeptDrafts(acceptance, rows);
    this.#drafts.set(acceptance, made);
    return made;
  }
}
