import type { Machine } from '../catalogue/machine.ts';
import type { ExchangeKernel } from '../catalogue/library.ts';
import type { Stack } from '../catalogue/stack.ts';
import { collectiveModel, type CollectiveModel } from '../network/collective.ts';
import { exchangeModel, type ExchangeModel } from '../network/exchange.ts';
import { planeFor } from '../network/reach.ts';
import type { Doubt } from '../base/doubt.ts';
import type { ComputeOperator, Operator, WaitOperator } from '../model/operator.ts';
import { driftOf, type Drift } from './drift.ts';
import { ExpertPrices } from './expert-work.ts';
import { cellFormat, priceBy, type Provider, type ProviderOf } from './providers.ts';
import { Rates } from './rates.ts';
import { boundOf, rooflineOf, roofTime, wholeDie, type Bound, type Roofline, type Share } from './roofline.ts';

/** What one launch of an operator takes. */
export interface Price {
  /** Launch included. [s] */
  readonly time: number;
  readonly floor: number;
  readonly bound: Bound;
  /** Busy time of the engines if each had the whole die. [s] */
  readonly matrix: number;
  readonly vector: number;
  readonly memory: number;
  readonly scaleUp: number;
  readonly scaleOut: number;
}

/** What an exchange asks of the memory for each byte that it sends: it reads that, and as much arrives and is written. */
const sentAndReceived = 2;

/** Prices operators of one instance on one machine under one stack. */
export class Pricing {
  readonly #rates: Rates;
  readonly #providers: ProviderOf;
  readonly #experts: ExpertPrices;
  /** What cells that stand in for others are used. */
  readonly #inherited: Map<string, Doubt> = new Map();
  readonly #machine: Machine;
  readonly #stack: Stack;
  readonly #collectives: Map<number, { readonly model: CollectiveModel; readonly scaleOut: boolean }> = new Map();
  readonly #exchanges: Map<number, readonly ExchangeModel[]> = new Map();
  readonly #floorsOf: Map<string, { readonly names: readonly string[]; readonly floors: readonly number[] }> = new Map();
  readonly #fusionOf: ReadonlyMap<string, number>;
  readonly #kernels: readonly ExchangeKernel[];

  /** Between ranks that do equal work, see `Stack`. */
  readonly spread: number;

  /** `kernels`: the exchange kernels that the instance may choose from, of which the quicker one is taken; `spread`: between ranks, see `Stack`. */
  constructor(machine: Machine, stack: Stack, kernels: readonly ExchangeKernel[], spread: number = 0) {
    this.#machine = machine;
    this.#stack = stack;
    this.#kernels = kernels;
    this.spread = spread;
    this.#rates = new Rates(machine, stack);
    this.#providers = priceBy(stack.cells ?? [], machine.chip, stack, this.#rates.of('vector', 'bf16', false).floor);
    this.#experts = new ExpertPrices(this.#providers, this.#rates);
    this.#fusionOf = new Map(stack.fusions.flatMap(({ operators }, i) => operators.map((name): [string, number] => [name, i])));
  }

  /** The price of each operator of one group, in order: fused operators share the longest of their floors, borne by the first. */
  group(name: string, operators: readonly Operator[], shares: readonly Share[], drift: Drift = driftOf(operators, this.spread)): Price[] {
    const floors = this.#floors(name, operators);
    const prices = operators.map((operator, i) => this.#launch(operator, shares[i], floors[i]));
    const { at, share } = drift;
    for (let i = 0; i < at.length; i++) {
      const wait = at[i] as number;
      if (wait < 0) continue;
      const price = prices[wait] as Price;
      prices[wait] = { ...price, time: price.time + (share[i] as number) * (prices[i]?.time ?? 0) };
    }
    return prices;
  }

  /** The same for some operators of the group, by their places in it, but for what waits get from the others (see `driftOf`). */
  some(name: string, operators: readonly Operator[], shares: readonly Share[], places: readonly number[]): Price[] {
    const floors = this.#floors(name, operators);
    return places.map((i) => this.#launch(operators[i] as Operator, shares[i], floors[i]));
  }

  #launch(operator: Operator, share: Share = wholeDie, floor: number = 0): Price {
    if (operator.kind === 'wait') return { ...insideKernel, bound: 'ranks' };
    return Number.isNaN(floor) ? insideKernel : this.#price(operator, share, floor);
  }

  /** What had to be assumed for the operators that were priced so far. */
  get doubts(): readonly Doubt[] {
    return [...this.#inherited.values(), ...this.#rates.doubts, ...[...this.#collectives.values()].flatMap(({ model }) => model.doubts)];
  }

  /** The exchange models that a degree uses, one for each kernel. */
  exchanges(ranks: number): readonly ExchangeModel[] {
    const known = this.#exchanges.get(ranks);
    if (known !== undefined) return known;
    const made = this.#kernels.map((kernel) => exchangeModel(this.#machine, this.#stack, kernel, ranks));
    this.#exchanges.set(ranks, made);
    return made;
  }

  /** Floor of each operator; NaN for one that runs inside the kernel of an exchange. */
  #floors(name: string, operators: readonly Operator[]): readonly number[] {
    const known = this.#floorsOf.get(name);
    if (known !== undefined && known.names.length === operators.length && known.names.every((other, i) => other === operators[i]?.name)) return known.floors;
    const floors = this.#fuse(operators);
    this.#floorsOf.set(name, { names: operators.map((operator) => operator.name), floors });
    return floors;
  }

  #fuse(operators: readonly Operator[]): number[] {
    const floors = operators.map((operator) => (operator.kind === 'compute' ? this.#floorOf(operator) : 0));
    const leaders = new Map<number, number>();
    for (let i = 0; i < operators.length; i++) {
      const operator = operators[i];
      const fusion = operator === undefined ? undefined : this.#fusionOf.get(operator.name);
      if (operator === undefined || fusion === undefined) continue;
      const leader = leaders.get(fusion);
      if (leader === undefined) {
        leaders.set(fusion, i);
      } else if (operators[leader]?.kind === 'exchange') {
        floors[i] = Number.NaN;
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

  #providerOf(operator: ComputeOperator): Provider | undefined {
    return this.#providers(operator.kernel ?? operator.class, cellFormat(operator));
  }

  #floorOf(operator: ComputeOperator): number {
    return this.#providerOf(operator)?.floor ?? this.#rates.of(operator.class, operator.format, false).floor;
  }

  #price(operator: Exclude<Operator, WaitOperator>, share: Share, floor: number): Price {
    switch (operator.kind) {
      case 'compute':
        return this.#compute(operator, share, floor);
      case 'collective': {
        const { model, scaleOut } = this.#collective(operator.ranks);
        const { time, start } = model.price(operator.operation, operator.bytes);
        return network(time, start, scaleOut);
      }
      case 'exchange': {
        let best = Infinity;
        let scaleOut = false;
        let bytes = 0;
        // The call ends when the die that gets most has all of it.
        const load = { ...operator, tokens: operator.tokens * operator.hottest };
        for (const model of this.exchanges(operator.ranks)) {
          const time = model.time(operator.operation, load);
          if (time >= best) continue;
          best = time;
          scaleOut = model.plane === 'scale-out';
          bytes = model.bytes(operator.operation, load);
        }
        return network(best, 0, scaleOut, (sentAndReceived * bytes) / this.#machine.chip.die.memory.bandwidth.value);
      }
    }
  }

  #compute(operator: ComputeOperator, share: Share, floor: number): Price {
    const part = operator.experts === undefined ? undefined : this.#experts.of(operator, operator.experts, share);
    if (part !== undefined) return this.#busy(operator, share, part.time, part.floor, part.doubt);
    const provider = this.#providerOf(operator);
    const provided = provider?.price(operator, share);
    if (provided !== undefined) return this.#busy(operator, share, floor * provided.factor + provided.body, floor, provider?.doubt);
    const roof = rooflineOf(operator, this.#rates.of(operator.class, operator.format, true), share);
    return this.#engines(roof, share, roofTime(roof, floor), floor);
  }

  /** A time that a cell gave, with the engines at the rates of the stack. */
  #busy(operator: ComputeOperator, share: Share, time: number, floor: number, doubt: Doubt | undefined): Price {
    if (doubt !== undefined) this.#inherited.set(doubt.where, doubt);
    return this.#engines(rooflineOf(operator, this.#rates.of(operator.class, operator.format, false), share), share, time, floor);
  }

  #engines(roof: Roofline, share: Share, time: number, floor: number): Price {
    return {
      time,
      floor,
      bound: boundOf(roof, floor),
      matrix: Math.min(time, roof.matrix) * share.matrix,
      vector: Math.min(time, roof.vector) * share.vector,
      memory: Math.min(time, roof.memory) * share.memory,
      scaleUp: 0,
      scaleOut: 0,
    };
  }

  #collective(ranks: number): { readonly model: CollectiveModel; readonly scaleOut: boolean } {
    const known = this.#collectives.get(ranks);
    if (known !== undefined) return known;
    const made = { model: collectiveModel(this.#machine, this.#stack, ranks), scaleOut: planeFor(this.#machine, ranks)?.role === 'scale-out' };
    this.#collectives.set(ranks, made);
    return made;
  }
}

const insideKernel: Price = { time: 0, floor: 0, bound: 'network', matrix: 0, vector: 0, memory: 0, scaleUp: 0, scaleOut: 0 };

function network(time: number, start: number, scaleOut: boolean, memory: number = 0): Price {
  return {
    time,
    floor: start,
    bound: start > time / 2 ? 'launch' : 'network',
    matrix: 0,
    vector: 0,
    memory: Math.min(time, memory),
    scaleUp: scaleOut ? 0 : time,
    scaleOut: scaleOut ? time : 0,
  };
}
