import type { ComputeOperator, ExpertWork } from '../model/operator.ts';
import { launchTime, type Provider, type ProviderOf } from './providers.ts';
import type { Rates } from './rates.ts';
import { rooflineOf, roofTime, type Share } from './roofline.ts';
import type { PriceErrors } from './uncertainty/errors.ts';

/** What a part of the experts' work takes of the whole. */
export interface PartPrice {
  /** Launch included. [s] */
  readonly time: number;
  readonly floor: number;
  readonly provider: Provider;
}

interface Whole {
  readonly time: number;
  readonly floor: number;
  readonly provider: Provider;
  /** Sum of what the parts would take alone. [s] */
  readonly alone: number;
}

/**
 * Prices the experts of a layer as one, as their cells are measured, and spreads it over their operators by what each would take alone at
 * the rates of the stack.
 */
export class ExpertPrices {
  readonly #providerOf: ProviderOf;
  readonly #rates: Rates;
  readonly #errors: PriceErrors | undefined;
  /** Parts are mostly priced one after another: the last work is kept. */
  #last: { readonly work: ExpertWork; readonly share: Share; readonly whole: Whole | undefined } | undefined;

  constructor(providerOf: ProviderOf, rates: Rates, errors?: PriceErrors) {
    this.#providerOf = providerOf;
    this.#rates = rates;
    this.#errors = errors;
  }

  /** Undefined where no cell prices the work. */
  of(operator: ComputeOperator, work: ExpertWork, share: Share): PartPrice | undefined {
    if (this.#last?.work !== work || this.#last.share !== share) this.#last = { work, share, whole: this.#whole(operator, work, share) };
    const { whole } = this.#last;
    if (whole === undefined) return undefined;
    const part = this.#alone(operator, share) / whole.alone;
    return { time: whole.time * part, floor: whole.floor * part, provider: whole.provider };
  }

  #whole(operator: ComputeOperator, work: ExpertWork, share: Share): Whole | undefined {
    const provider = this.#providerOf('expert-mlp', work.format);
    const provided = provider?.price(
      operator,
      share,
      this.#errors?.operator('experts', provider, () => launchTime(provider, operator)),
    );
    if (provider === undefined || provided === undefined) return undefined;
    const alone = work.parts.reduce((sum, part) => sum + this.#alone(part, share), 0);
    const floor = provider.floor * provided.factor;
    return { time: floor + provided.body, floor, provider, alone };
  }

  #alone(operator: ComputeOperator, share: Share): number {
    const rate = this.#rates.of(operator.class, operator.format, false);
    return roofTime(rooflineOf(operator, rate, share), rate.floor);
  }
}
