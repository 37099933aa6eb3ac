import process from 'node:process';
import { formatTime } from '../src/base/quantity.ts';

/** Nothing is shown before a run has taken this long. [ms] */
const patience = 1000;
/** Where nobody watches (a log), one line in so long. [ms] */
const logInterval = 10_000;

/** Where long work tells how far it is. */
export interface ProgressLine {
  /** @param share of the work that is done, from 0 to 1. */
  update(share: number): void;
  end(): void;
}

/** Progress of long work on stderr: one line that is rewritten on a terminal, a line now and then in a log. */
export class Progress implements ProgressLine {
  readonly #label: string;
  readonly #startedAt = performance.now();
  #shownAt = 0;
  #open = false;

  constructor(label: string) {
    this.#label = label;
  }

  /** @param share of the work that is done, from 0 to 1. */
  update(share: number): void {
    const now = performance.now();
    const elapsed = now - this.#startedAt;
    const terminal = process.stderr.isTTY;
    if (elapsed < (terminal ? patience : logInterval) || now - this.#shownAt < (terminal ? 100 : logInterval)) return;
    this.#shownAt = now;
    const left = share > 0 ? `, about ${formatTime((elapsed * (1 - share)) / share / 1000, 2)} left` : '';
    const text = `${this.#label}: ${(share * 100).toFixed(0)} %${left}`;
    process.stderr.write(terminal ? `\r\x1b[K${text}` : `${text}\n`);
    this.#open = terminal;
  }

  /** Clears the line. */
  end(): void {
    if (this.#open) process.stderr.write('\r\x1b[K');
    this.#open = false;
  }
}
