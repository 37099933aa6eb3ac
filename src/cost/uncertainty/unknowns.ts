import { times } from '../../catalogue/figure.ts';
import type { Condition, Uncertainty } from '../../catalogue/uncertainty.ts';
import { exp } from '../../kernel/elementary.ts';
import type { Layout } from '../../model/layout.ts';
import type { StepSetting } from '../check.ts';
import { nominal, type Draw } from './draws.ts';
import { errorAt } from './spread.ts';

/** What is off in one sample, beside errors of prices. Unknowns that are said to be `known` are not. */
export class Unknowns {
  readonly #uncertainty: Uncertainty | undefined;
  readonly #draw: Draw;
  readonly #known: ReadonlySet<Condition>;

  constructor(uncertainty: Uncertainty | undefined, draw: Draw, known: readonly Condition[] = []) {
    this.#uncertainty = uncertainty;
    this.#draw = draw;
    this.#known = new Set(known);
  }

  /** ln(real / said), or what is to be added, of one condition. `of` tells several of a kind apart. */
  error(condition: Condition, of: string = ''): number {
    if (this.#uncertainty === undefined || this.#draw === nominal || this.#known.has(condition)) return 0;
    return errorAt(this.#uncertainty.conditions[condition], this.#draw(of === '' ? condition : `${condition} ${of}`));
  }

  /** The factor of a condition. */
  factor(condition: Condition, of: string = ''): number {
    return exp(this.error(condition, of));
  }

  /** The setting of an instance as this sample has it: skew of expert load, drift of ranks, gap of the host, cores that exchanges hold. */
  setting(setting: StepSetting): StepSetting {
    const { stack, layout } = setting;
    const { spread, hostGap, exchanges } = stack;
    const drift = this.factor('drift');
    const held = Math.abs(this.error('cores'));
    return {
      ...setting,
      layout: this.layout(layout),
      stack: {
        ...stack,
        spread: { prefill: times(spread.prefill, drift), decode: times(spread.decode, drift) },
        hostGap: { ...hostGap, value: Math.max(0, hostGap.value + this.error('host')) },
        exchanges: held === 0 ? exchanges : exchanges.map((exchange) => (exchange.plane === 'scale-out' ? { ...exchange, held: Math.min(1, held) } : exchange)),
      },
    };
  }

  /** Load that is uniform was asked for by name, and is. */
  layout(layout: Layout): Layout {
    const { experts } = layout;
    const { load } = experts;
    switch (load.kind) {
      case 'uniform':
        return layout;
      case 'skew':
        return { ...layout, experts: { ...experts, load: { ...load, skew: load.skew * this.factor('skew') } } };
      case 'placed': {
        const factor = this.factor('skew');
        return { ...layout, experts: { ...experts, load: { ...load, imbalances: load.imbalances.map((imbalance) => imbalance * factor) } } };
      }
      case 'popularity':
        return { ...layout, experts: { ...experts, load: { ...load, variation: load.variation * this.factor('skew') } } };
    }
  }

  /** Chances of drafts: the odds of all positions are off alike. A chance of 0 or 1 is one that was asked for. */
  acceptance(chances: readonly number[]): readonly number[] {
    const odds = this.factor('acceptance');
    return chances.map((chance) => (chance * odds) / (1 - chance + chance * odds));
  }
}
