/** Which adapters are resident: the least recently used one that nobody uses makes room for another. */
export class AdapterSlots {
  readonly #slots: number;
  /** Sequences that use each resident adapter; least recently used first. */
  readonly #users: Map<number, number> = new Map();

  constructor(slots: number) {
    this.#slots = slots;
  }

  /** Uses of all of them together. */
  get uses(): number {
    return [...this.#users.values()].reduce((sum, users) => sum + users, 0);
  }

  /** Begins to use an adapter: it was there, it has to be loaded, or every slot is in use. */
  take(adapter: number): 'hit' | 'load' | 'full' {
    const users = this.#users.get(adapter);
    if (users === undefined && this.#users.size >= this.#slots && !this.#evict()) return 'full';
    this.#use(adapter, (users ?? 0) + 1);
    return users === undefined ? 'load' : 'hit';
  }

  /** One sequence less uses it; it stays until its slot is needed. */
  give(adapter: number): void {
    this.#use(adapter, (this.#users.get(adapter) as number) - 1);
  }

  clear(): void {
    this.#users.clear();
  }

  #use(adapter: number, users: number): void {
    this.#users.delete(adapter);
    this.#users.set(adapter, users);
  }

  #evict(): boolean {
    for (const [adapter, users] of this.#users) if (users === 0) return this.#users.delete(adapter);
    return false;
  }
}
