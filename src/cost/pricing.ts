import type { Machine, Plane } from '../catalogue/machine.ts';
import type { ExchangeKernel } from '../catalogue/library.ts';
import type { AttentionKernel, Stack } from '../catalogue/stack.ts';
import { collectiveModel, type CollectiveModel } from '../network/collective.ts';
import { exchangeModel, type ExchangeModel } from '../network/exchange.ts';
import { spreadGroup } from '../network/group.ts';
import { planeFor } from '../network/reach.ts';
import type { Doubt } from '../base/doubt.ts';
import { assert } from '../base/errors.ts';
import type { ComputeOperator, ExchangeOperator, Operator, WaitOperator } from '../model/operator.ts';
import { insideKernel, networkPrice, noWait, priceOf, type Price } from './price.ts';
import { driftOf, type Drift } from './drift.ts';
import { ExpertPrices } from './expert-work.ts';
import type { Beyond } from './calibration/range.ts';
import { cellFormat, launchTime, priceBy, type Provider, type ProviderOf } from './providers.ts';
import { Rates, type Rate } from './rates.ts';
import { sameKernel, sameWork } from './same-work.ts';
import { boundOf, rooflineOf, roofTime, wholeDie, type Roofline, type Share } from './roofline.ts';
import type { PriceErrors } from './uncertainty/errors.ts';
import type { Trust } from './uncertainty/trust.ts';

/** What an exchange asks of the memory for each byte that it sends: it reads that, and as much arrives and is written. */
const sentAndReceived = 2;

/** More than the dies of a group. */
const widest = 2 ** 20;

/** For each operator of a group the places of those that run beside it and whose time it is without. */
export type Halves = readonly (readonly number[])[];

/** How the operators of a group are launched: what their batch does not change. */
export interface Launching {
  /** Share of each operator; empty for the whole die. */
  readonly shares: readonly Share[];
  /** Floor of each; NaN for one that runs inside the kernel of an exchange. [s] */
  readonly floors: readonly number[];
  readonly drift: Drift;
  /** Where exchanges have no cores of their own: see `halvesOf`. */
  readonly halves?: Halves | undefined;
}

/** What prices the launches of one kernel: a cell, and rates. */
interface Source {
  readonly provider: Provider | undefined;
  readonly rate: Rate;
}

/** A launch that was priced. */
interface Last {
  readonly operator: ComputeOperator;
  readonly share: Share;
  readonly floor: number;
  readonly source: Source;
  readonly price: Price;
}

/** Prices operators of one instance on one machine under one stack. */
export class Pricing {
  readonly #rates: Rates;
  readonly #providers: ProviderOf;
  readonly #experts: ExpertPrices;
  /** What cells that stand in for others are used. */
  readonly #inherited: Map<string, Doubt> = new Map();
  readonly #machine: Machine;
  readonly #stack: Stack;
  /** Names of the planes that operators priced so far use. */
  readonly planes: Set<string> = new Set();
  readonly #collectives: Map<number, { readonly model: CollectiveModel; readonly scaleOut: boolean }> = new Map();
  readonly #exchanges: Map<number, readonly ExchangeModel[]> = new Map();
  /** The last price of each name: layers of other kinds repeat it. */
  readonly #lastOf: Map<string, Last> = new Map();
  readonly #fusionOf: ReadonlyMap<string, number>;
  readonly #kernels: readonly ExchangeKernel[];
  readonly #attentionKernels: readonly AttentionKernel[];
  /** See `MixedAttention`; 0 where decoding sequences have a kernel of their own. */
  readonly #mixed: number;
  readonly #errors: PriceErrors | undefined;
  /** All of each plane is left; that is asked of those that are used. */
  readonly #left = ({ name }: Plane): number => {
    this.planes.add(name);
    return 1;
  };
  /** Between ranks that do equal work, see `Stack`. */
  readonly spread: number;

  /** `kernels`: the exchange kernels that the instance may choose from, of which the quicker one is taken; `spread`: between ranks, see `Stack`; `errors`: of every price. */
  constructor(machine: Machine, stack: Stack, kernels: readonly ExchangeKernel[], spread: number = 0, errors?: PriceErrors) {
    this.#machine = machine;
    this.#stack = stack;
    this.#kernels = kernels;
    const { generation } = machine.chip;
    this.#attentionKernels = (stack.attentionKernels ?? []).filter((entry) => entry.generation === undefined || entry.generation === generation);
    this.#mixed = stack.mixedAttention?.find(({ chip }) => chip === machine.chip.name)?.share.value ?? 0;
    this.spread = spread;
    this.#errors = errors;
    this.#rates = new Rates(machine, stack);
    this.#providers = priceBy(stack.cells ?? [], machine.chip, stack, this.#rates.of('vector', 'bf16', false).floor);
    this.#experts = new ExpertPrices(this.#providers, this.#rates, errors);
    this.#fusionOf = new Map(stack.fusions.flatMap(({ operators }, i) => operators.map((name): [string, number] => [name, i])));
  }

  /** How operators of these names are launched. `shares`: empty for the whole die; `halves`: see `halvesOf`. */
  launching(operators: readonly Operator[], shares: readonly Share[], halves?: Halves): Launching {
    return { shares, floors: this.#floors(operators, halves), drift: driftOf(operators, this.spread), halves };
  }

  /** The price of each operator of one group, in order: fused operators share the longest of their floors, borne by the first. */
  group(operators: readonly Operator[], launching: Launching): Price[] {
    const prices: Price[] = [];
    for (let i = 0; i < operators.length; i++) prices.push(this.at(i, operators, launching));
    const { at, share } = launching.drift;
    let waited = 0;
    for (let i = 0; i < at.length; i++) {
      const wait = at[i] as number;
      if (wait < 0) continue;
      waited += (share[i] as number) * (prices[i] as Price).time;
      if (wait > i + 1) continue;
      prices[wait] = priceOf(waited, 0, 'ranks');
      waited = 0;
    }
    return prices;
  }

  /** The same for one of them, but for what waits get from the others (see `driftOf`). */
  at(i: number, operators: readonly Operator[], { shares, floors, halves }: Launching): Price {
    const price = this.#launch(operators[i] as Operator, shares[i], floors[i]);
    const apart = halves?.[i];
    if (apart === undefined || apart.length === 0) return price;
    const others = apart.reduce((sum, j) => sum + this.#launch(operators[j] as Operator, shares[j], floors[j]).time, 0);
    const time = Math.max(0, price.time - others);
    const { floor, bound, matrix, vector, memory, scaleUp, scaleOut, host } = price;
    return priceOf(time, floor, bound, matrix, vector, Math.min(time, memory), Math.min(time, scaleUp), Math.min(time, scaleOut), host);
  }

  /** The same for an operator at a place of the group, which is no exchange. */
  one(operator: Operator, { shares, floors }: Launching, place: number): Price {
    return this.#launch(operator, shares[place], floors[place]);
  }

  /** For each exchange the operators that its kernel fuses: where they run on cores of their own, the exchange is without their times. */
  halvesOf(operators: readonly Operator[]): Halves {
    return operators.map(({ kind, name }, i) => {
      const fusion = kind === 'exchange' ? this.#fusionOf.get(name) : undefined;
      return fusion === undefined
        ? []
        : operators.flatMap((other, j) => (j !== i && this.#fusionOf.get(other.name) === fusion && this.#inside(other, operators[i]) ? [j] : []));
    });
  }

  #launch(operator: Operator, share: Share = wholeDie, floor: number = 0): Price {
    if (operator.kind === 'wait') return noWait;
    return Number.isNaN(floor) ? insideKernel : this.#price(operator, share, floor);
  }

  /** What had to be assumed for the operators that were priced so far. */
  get doubts(): readonly Doubt[] {
    return [...this.#inherited.values(), ...this.#rates.doubts, ...[...this.#collectives.values()].flatMap(({ model }) => model.doubts)];
  }

  /** What the price of an operator stands on, and how far it is beyond what was measured. */
  trust(operator: Operator): { readonly trust: Trust; readonly provider?: Provider; readonly beyond: readonly Beyond[] } {
    const links = (measured: boolean, doubtful: boolean): Trust => (!measured ? 'uncalibrated' : doubtful ? 'extrapolated' : 'calibrated');
    switch (operator.kind) {
      case 'compute': {
        const provider = (operator.experts === undefined ? undefined : this.#providers('expert-mlp', operator.experts.format)) ?? this.#providerOf(operator);
        if (provider?.price(operator, wholeDie) === undefined)
          return { trust: this.#rates.assumes(operator.class, operator.format) ? 'uncalibrated' : 'extrapolated', beyond: [] };
        const beyond = provider.beyond(operator);
        return { trust: provider.differs.length === 0 && beyond.length === 0 ? 'calibrated' : 'extrapolated', provider, beyond };
      }
      case 'collective': {
        const { model, scaleOut } = this.#collective(operator.ranks, operator.span);
        return { trust: links(true, scaleOut || model.doubts.length > 0), beyond: [] };
      }
      case 'exchange': {
        const models = this.exchanges(operator.ranks);
        const doubts = models.flatMap((model) => [...model.doubts, ...model.loadDoubts(operator.operation, operator)]);
        return { trust: links(!doubts.some(({ rule }) => rule === 'exchange-unmeasured'), doubts.length > 0), beyond: [] };
      }
      case 'host':
        return { trust: this.#stack.lookup?.token.kind === 'measured' ? 'calibrated' : 'uncalibrated', beyond: [] };
      case 'wait':
        return { trust: this.spread === 0 ? 'calibrated' : 'uncalibrated', beyond: [] };
    }
  }

  /** The exchange models that a degree uses, one for each kernel. */
  exchanges(ranks: number): readonly ExchangeModel[] {
    const known = this.#exchanges.get(ranks);
    if (known !== undefined) return known;
    const made = this.#kernels.map((kernel) => exchangeModel(this.#machine, this.#stack, kernel, ranks, this.#left));
    this.#exchanges.set(ranks, made);
    return made;
  }

  #floors(operators: readonly Operator[], halves: Halves | undefined): number[] {
    const floors = operators.map((operator) => (operator.kind === 'compute' ? this.#floorOf(operator) : 0));
    halves?.forEach((parts, i) => {
      const exchange = operators[i];
      if (exchange?.kind !== 'exchange') return;
      // The halves of the kernel are launches that share its work on cores.
      for (const j of parts) floors[j] = Math.max(floors[j] ?? 0, this.#onCores(exchange) / parts.length);
    });
    const leaders = new Map<number, number>();
    const apart = new Set(halves?.flat());
    for (let i = 0; i < operators.length; i++) {
      const operator = operators[i];
      const fusion = operator === undefined ? undefined : this.#fusionOf.get(operator.name);
      if (operator === undefined || fusion === undefined || apart.has(i)) continue;
      const leader = leaders.get(fusion);
      if (leader === undefined) {
        leaders.set(fusion, i);
      } else if (operators[leader]?.kind === 'exchange') {
        if (this.#inside(operator, operators[leader])) floors[i] = Number.NaN;
      } else if (operator.kind === 'exchange') {
        for (let j = leader; j < i; j++) if (this.#fusionOf.get(operators[j]?.name ?? '') === fusion) floors[j] = Number.NaN;
        leaders.set(fusion, i);
      } else {
        floors[leader] = Math.max(floors[leader] ?? 0, floors[i] ?? 0);
        floors[i] = 0;
      }
    }
    return floors;
  }

  /** Whether an operator that is fused with an exchange runs inside its kernel: whatever does not sort rows that came once for each rank. */
  #inside(operator: Operator, exchange: Operator | undefined): boolean {
    if (operator.kind !== 'compute' || operator.sorts === undefined || exchange?.kind !== 'exchange') return true;
    return this.exchanges(exchange.ranks).every(({ kernel }) => kernel?.copies === 'experts');
  }

  /** Least of what the kernels that an exchange may take need of the cores. [s] */
  #onCores(exchange: ExchangeOperator): number {
    return this.exchanges(exchange.ranks).reduce((least, model) => Math.min(least, model.onCores(exchange.operation, exchange)), Infinity);
  }

  #providerOf(operator: ComputeOperator): Provider | undefined {
    const format = cellFormat(operator);
    const kernel = this.#kernelFor(operator);
    return this.#providers(operator.kernel ?? operator.class, kernel === undefined ? format : `${format}-${kernel}`);
  }

  /** The kernel that serves an attention where the stack's own does not. */
  #kernelFor({ class: operatorClass, attention }: ComputeOperator): string | undefined {
    if (attention === undefined || (operatorClass !== 'attention-prefill' && operatorClass !== 'attention-decode')) return undefined;
    for (const { kernel, headSizes, windowed, keyValueFormat } of this.#attentionKernels)
      if (
        headSizes.includes(attention.headSize) &&
        (windowed === undefined || windowed === attention.window > 0) &&
        (keyValueFormat === undefined || keyValueFormat === attention.keyValueFormat)
      )
        return kernel;
    return undefined;
  }

  #floorOf(operator: ComputeOperator): number {
    return this.#providerOf(operator)?.floor ?? this.#rates.of(operator.class, operator.format, false).floor;
  }

  #price(operator: Exclude<Operator, WaitOperator>, share: Share, floor: number): Price {
    switch (operator.kind) {
      case 'compute':
        return this.#compute(operator, share, floor);
      case 'host': {
        const { lookup } = this.#stack;
        assert(lookup !== undefined, 'a stack that does not look drafts up');
        const time = lookup.start.value + operator.tokens * lookup.token.value;
        return priceOf(time, lookup.start.value, 'host', 0, 0, 0, 0, 0, time);
      }
      case 'collective': {
        const { model, scaleOut } = this.#collective(operator.ranks, operator.span);
        const { time, start } = operator.bytes === 0 ? nothingSent : model.price(operator.operation, operator.bytes);
        const error = this.#collectiveError(operator.operation, scaleOut || model.doubts.length > 0);
        return networkPrice(time * error, start * error, scaleOut);
      }
      case 'exchange': {
        let best = Infinity;
        let scaleOut = false;
        let bytes = 0;
        // The call ends when the die that gets most has all of it.
        const load = { ...operator, tokens: Math.max(operator.tokens * operator.hottest, operator.arriving ?? 0) };
        for (const model of this.exchanges(operator.ranks)) {
          const time = model.time(operator.operation, load) * (this.#errors?.link('exchange', operator.operation) ?? 1);
          if (time >= best) continue;
          best = time;
          scaleOut = model.plane === 'scale-out';
          bytes = model.bytes(operator.operation, load);
        }
        return networkPrice(best, 0, scaleOut, (sentAndReceived * bytes) / this.#machine.chip.die.memory.bandwidth.value);
      }
    }
  }

  #compute(operator: ComputeOperator, share: Share, floor: number): Price {
    const last = this.#lastOf.get(operator.name);
    if (last !== undefined && last.share === share && last.floor === floor && sameWork(last.operator, operator)) return last.price;
    const source = last !== undefined && sameKernel(last.operator, operator) ? last.source : this.#sourceOf(operator);
    const whole = besidePrompts(this.#onDie(operator, source, share, floor), operator, this.#mixed);
    const price = operator.ring === undefined ? whole : this.#around(whole, operator.ring);
    this.#lastOf.set(operator.name, { operator, share, floor, source, price });
    return price;
  }

  #sourceOf(operator: ComputeOperator): Source {
    return { provider: this.#providerOf(operator), rate: this.#rates.of(operator.class, operator.format, false) };
  }

  /** Work on one block of keys at a time, each in a launch, while the one behind it comes from the neighbour. */
  #around(whole: Price, { ranks, span, bytes }: NonNullable<ComputeOperator['ring']>): Price {
    const { model, scaleOut } = this.#collective(2, span);
    const send = model.price('broadcast', bytes).time * this.#collectiveError('broadcast', scaleOut || model.doubts.length > 0);
    const block = whole.floor + Math.max(0, whole.time - whole.floor) / ranks;
    const sending = (ranks - 1) * send;
    const time = block + (ranks - 1) * Math.max(block, send);
    const bound = send > block ? 'network' : whole.bound;
    return priceOf(time, whole.floor, bound, whole.matrix, whole.vector, whole.memory, scaleOut ? 0 : sending, scaleOut ? sending : 0);
  }

  /** `elsewhere`: no library was measured there. */
  #collectiveError(operation: string, elsewhere: boolean): number {
    return this.#errors?.link(elsewhere ? 'collective-elsewhere' : 'collective', operation) ?? 1;
  }

  #onDie(operator: ComputeOperator, { provider, rate }: Source, share: Share, floor: number): Price {
    const roof = rooflineOf(operator, rate, share);
    const part = operator.experts === undefined ? undefined : this.#experts.of(operator, operator.experts, share);
    if (part !== undefined) return this.#byCell(part.provider, roof, share, part.time, part.floor);
    const provided = provider?.price(
      operator,
      share,
      this.#errors?.operator(operator.name, provider, () => launchTime(provider, operator)),
    );
    if (provider !== undefined && provided !== undefined) return this.#byCell(provider, roof, share, floor * provided.factor + provided.body, floor);
    this.#rates.of(operator.class, operator.format, true);
    const error = this.#ratedError(operator, () => roofTime(rooflineOf(operator, rate, wholeDie), floor));
    return this.#engines(roof, share, roofTime(roof, floor) * error, floor);
  }

  #ratedError(operator: ComputeOperator, time: () => number): number {
    if (this.#errors === undefined) return 1;
    const { name, class: operatorClass, format } = operator;
    const launch = { chip: this.#machine.chip.name, stack: this.#stack.base ?? this.#stack.name, class: operatorClass, format: cellFormat(operator), time };
    return this.#errors.rated(name, operatorClass, !this.#rates.assumes(operatorClass, format), launch);
  }

  /** A time that a cell gave, with the engines at the rates of the stack. */
  #byCell({ doubt }: Provider, roof: Roofline, share: Share, time: number, floor: number): Price {
    if (doubt !== undefined) this.#inherited.set(doubt.where, doubt);
    return this.#engines(roof, share, time, floor);
  }

  #engines(roof: Roofline, share: Share, time: number, floor: number): Price {
    const matrix = Math.min(time, roof.matrix) * share.matrix;
    const vector = Math.min(time, roof.vector) * share.vector;
    return priceOf(time, floor, boundOf(roof, floor), matrix, vector, Math.min(time, roof.memory) * share.memory);
  }

  #collective(ranks: number, span: number = ranks): { readonly model: CollectiveModel; readonly scaleOut: boolean } {
    const key = span * widest + ranks;
    const known = this.#collectives.get(key);
    if (known !== undefined) return known;
    const made = {
      model: collectiveModel(this.#machine, this.#stack, spreadGroup(this.#machine, ranks, span), this.#left),
      scaleOut: planeFor(this.#machine, span)?.role === 'scale-out',
    };
    this.#collectives.set(key, made);
    return made;
  }
}

const nothingSent = { time: 0, start: 0 };
/** Attention of decoding sequences in the kernel of the prompts of their step. */
function besidePrompts(alone: Price, { attention }: ComputeOperator, share: number): Price {
  if (share === 0 || attention?.besidePrompts !== true) return alone;
  const factor = Math.max(1, (share * attention.heads) / attention.keyValueHeads);
  return { ...alone, time: alone.floor + (alone.time - alone.floor) * factor };
}
