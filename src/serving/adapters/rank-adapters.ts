import type { Seconds } from '../../base/units.ts';
import { adapterTime } from '../../cost/lora.ts';
import type { Rank } from '../rank.ts';
import type { RequestTable } from '../request-table.ts';
import type { AdapterPlant, AdapterWork } from './adapter-work.ts';
import { AdapterSlots } from './adapter-slots.ts';

/** The adapters of one data-parallel rank: which are resident, and which its sequences use. Adapter 0 is the model itself. */
export class RankAdapters {
  /** Of the iteration that is being formed: prompts whose adapter was resident, those whose adapter is loaded, and whether one waits for a slot. */
  hits = 0;
  loads = 0;
  held = false;
  /** What the products of its part of the iteration take. [s] */
  products: Seconds = 0;
  readonly #plant: AdapterPlant;
  readonly #table: RequestTable;
  readonly #slots: AdapterSlots;
  /** Decoding sequences by adapter, and all of them that have one. */
  readonly #decoding: Map<number, number> = new Map();
  #sequences = 0;

  constructor(plant: AdapterPlant, table: RequestTable) {
    this.#plant = plant;
    this.#table = table;
    this.#slots = new AdapterSlots(plant.slots);
  }

  /** Sequences that keep an adapter where it is. */
  get users(): number {
    return this.#slots.uses;
  }

  /** An iteration is formed from here on. */
  begin(): void {
    this.hits = 0;
    this.loads = 0;
    this.held = false;
  }

  /** Lets a prompt start, its adapter with it. Returns false where all slots are in use by others. */
  admit(slot: number): boolean {
    const adapter = this.#table.adapter[slot];
    if (adapter === 0) return true;
    const found = this.#slots.take(adapter);
    if (found === 'hit') this.hits++;
    else if (found === 'load') this.loads++;
    else this.held = true;
    return found !== 'full';
  }

  /** A sequence that was let in begins to decode. */
  joins(slot: number): void {
    const adapter = this.#table.adapter[slot];
    if (adapter === 0) return;
    this.#sequences++;
    this.#decoding.set(adapter, (this.#decoding.get(adapter) ?? 0) + 1);
  }

  /** A sequence that decoded ends, or gives way. */
  leaves(slot: number): void {
    const adapter = this.#table.adapter[slot];
    if (adapter === 0) return;
    this.#sequences--;
    const left = (this.#decoding.get(adapter) as number) - 1;
    if (left === 0) this.#decoding.delete(adapter);
    else this.#decoding.set(adapter, left);
    this.#slots.give(adapter);
  }

  /** A prompt that was let in ends or gives way before it decodes. */
  drops(slot: number): void {
    const adapter = this.#table.adapter[slot];
    if (adapter !== 0) this.#slots.give(adapter);
  }

  /** What was in the memory is lost. */
  clear(): void {
    this.begin();
    this.products = 0;
    this.#slots.clear();
    this.#decoding.clear();
    this.#sequences = 0;
  }

  /** Prices the products of the rank's part of an iteration. */
  price({ prefilling, chunks }: Rank, queryTokens: number, decodes: boolean): void {
    let tokens = decodes ? this.#sequences * queryTokens : 0;
    const others = new Set<number>();
    for (let i = 0; i < chunks.length; i++) {
      const adapter = this.#table.adapter[prefilling.items[i]];
      if (adapter === 0 || chunks.items[i] === 0) continue;
      tokens += chunks.items[i];
      if (!decodes || !this.#decoding.has(adapter)) others.add(adapter);
    }
    this.products = adapterTime(this.#plant.cost, (decodes ? this.#decoding.size : 0) + others.size, tokens);
  }
}

/**
 * What the adapters of an iteration take on the rank where they take most: a bound from above, since another rank may be the slowest without
 * them. Ranks load at the same time, one adapter after another.
 * @param slowdown what dies compute takes so many times as long
 */
export function adapterWork(ranks: readonly Rank[], { load }: AdapterPlant, queryTokens: number, decodes: boolean, slowdown: number): AdapterWork {
  const work = { products: 0, loading: 0, hits: 0, loads: 0, held: false };
  for (const rank of ranks) {
    const { adapters } = rank;
    if (adapters === undefined) continue;
    adapters.price(rank, queryTokens, decodes);
    work.products = Math.max(work.products, adapters.products * slowdown);
    work.loading = Math.max(work.loading, adapters.loads * load);
    work.hits += adapters.hits;
    work.loads += adapters.loads;
    work.held ||= adapters.held;
  }
  return work;
}
