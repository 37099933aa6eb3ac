import type { Seconds } from '../../base/units.ts';
import type { LayerLoads } from '../../model/placement/placed.ts';

/** Tokens of experts over the last while. */
export class Window {
  readonly #length: Seconds;
  readonly #parts: { readonly from: Seconds; readonly to: Seconds; readonly tokens: number; readonly layers: LayerLoads }[] = [];

  constructor(length: Seconds) {
    this.#length = length;
  }

  /** `tokens` came between two moments, of the popularity that held then. */
  add(from: Seconds, to: Seconds, tokens: number, layers: LayerLoads): void {
    this.#parts.push({ from, to, tokens, layers });
    while (this.#parts.length > 1 && this.#parts[0].to <= to - this.#length) this.#parts.shift();
  }

  /** Tokens of each expert by layer in the window that ends now; undefined where none came. A part that it holds a piece of counts by that piece. */
  counted(now: Seconds): LayerLoads | undefined {
    const begin = now - this.#length;
    let sums: number[][] | undefined;
    for (const { from, to, tokens, layers } of this.#parts) {
      const inside = to > from ? Math.max(0, to - Math.max(from, begin)) / (to - from) : 0;
      if (inside * tokens <= 0) continue;
      const into = (sums ??= layers.map((loads) => loads.map(() => 0)));
      layers.forEach((loads, layer) => loads.forEach((load, expert) => (into[layer][expert] += load * tokens * inside)));
    }
    return sums;
  }
}
