import type { Seconds } from '../base/units.ts';
import { enlarged } from '../kernel/enlarged.ts';

/**
 * What is on its way, by numbers that are used again: few at a time, side by side. Something is sent in parts; when the last one has left it has gone, and is
 * there some time later.
 */
export class Shipments {
  /** What it is and whose, as its owner names them. */
  what: Int32Array<ArrayBuffer> = new Int32Array(64);
  of: Int32Array<ArrayBuffer> = new Int32Array(64);
  /** Parts that have not left yet. */
  parts: Int32Array<ArrayBuffer> = new Int32Array(64);
  /** Time behind the last part. */
  latency: Float64Array<ArrayBuffer> = new Float64Array(64);
  #top = 0;
  readonly #free: number[] = [];

  /** Something is about to be sent. Returns its number. */
  begin(what: number, of: number, latency: Seconds): number {
    const number = this.#free.pop() ?? this.#top++;
    if (number === this.what.length) this.#grow();
    this.what[number] = what;
    this.of[number] = of;
    this.parts[number] = 0;
    this.latency[number] = latency;
    return number;
  }

  /** The number of what was begun and neither ended nor forgotten; -1 where there is none. */
  find(what: number, of: number): number {
    for (let number = 0; number < this.#top; number++) if (this.what[number] === what && this.of[number] === of) return number;
    return -1;
  }

  /** It will be nobody's when it is there; its number is taken until then. */
  forget(number: number): void {
    this.what[number] = nobodys;
  }

  /** It is there, or will never be. */
  end(number: number): void {
    this.what[number] = nobodys;
    this.#free.push(number);
  }

  #grow(): void {
    this.what = enlarged(this.what, new Int32Array(2 * this.what.length));
    this.of = enlarged(this.of, new Int32Array(2 * this.of.length));
    this.parts = enlarged(this.parts, new Int32Array(2 * this.parts.length));
    this.latency = enlarged(this.latency, new Float64Array(2 * this.latency.length));
  }
}

/** Neither is a number that an owner uses. */
export const nobodys = -1;
