import type { Seconds } from '../../base/units.ts';
import { stream, type RandomStream } from '../../kernel/random.ts';
import type { LayerLoads } from '../../model/placement/placed.ts';

/** How often the experts of a layer are asked for, and how that changes. */
export interface ExpertTraffic {
  /** Layers that stand for all; loads in any unit. */
  readonly layers: LayerLoads;
  /** Every so often a share of the experts of each layer change places among themselves in popularity; Infinity: never. [s] */
  readonly every: Seconds;
  readonly share: number;
}

/** The popularity of experts as a run goes on: the same for the same seed, whoever asks. */
export class Popularity {
  readonly #traffic: ExpertTraffic;
  readonly #random: RandomStream;
  #layers: LayerLoads;
  #changes = 0;

  constructor(traffic: ExpertTraffic, seed: number) {
    this.#traffic = traffic;
    this.#random = stream(seed, 'popularity of experts');
    this.#layers = traffic.layers.map((loads) => {
      const sum = loads.reduce((total, load) => total + load, 0);
      return loads.map((load) => load / sum);
    });
  }

  /** Share of the tokens of each expert, by layer. */
  get layers(): LayerLoads {
    return this.#layers;
  }

  /** When it changes next. */
  get nextAt(): Seconds {
    return (this.#changes + 1) * this.#traffic.every;
  }

  /** What happens at `nextAt`: experts that are drawn take over each other's popularity, in a circle. */
  change(): void {
    this.#changes++;
    this.#layers = this.#layers.map((loads) => {
      const drawn = loads.map((_, expert) => expert).filter(() => this.#random.uniform() < this.#traffic.share);
      // In an order of its own, so that neighbours do not inherit from each other.
      for (let i = drawn.length - 1; i > 0; i--) {
        const j = Math.floor(this.#random.uniform() * (i + 1));
        [drawn[i], drawn[j]] = [drawn[j], drawn[i]];
      }
      const next = [...loads];
      drawn.forEach((expert, i) => (next[expert] = loads[drawn[(i + 1) % drawn.length]]));
      return next;
    });
  }
}
