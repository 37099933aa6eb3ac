/** A transfer under way in the twin. */
export interface NaiveFlow {
  readonly links: readonly number[];
  /** Called when the last byte has left. */
  readonly sent: () => void;
  left: number;
  rate: number;
}

/** Flows over shared links: rates by filling the tightest link again and again (MOV-2). */
export class NaiveLinks {
  flows: NaiveFlow[] = [];
  readonly carried: number[];
  readonly #capacity: readonly number[];
  #at = 0;

  constructor(capacity: readonly number[]) {
    this.#capacity = capacity;
    this.carried = capacity.map(() => 0);
  }

  start(at: number, flow: NaiveFlow): void {
    this.#advance(at);
    this.flows.push(flow);
    this.#fill();
  }

  /** When the next flow ends. */
  get endsAt(): number {
    return this.#at + Math.min(...this.flows.map(({ left, rate }) => left / rate));
  }

  /** Takes out the flows that end at `at`, in the order in which they began. */
  end(at: number): readonly NaiveFlow[] {
    const ended = this.flows.filter(({ left, rate }) => this.#at + left / rate <= at);
    this.#advance(at);
    this.flows = this.flows.filter((flow) => !ended.includes(flow));
    this.#fill();
    return ended;
  }

  #advance(at: number): void {
    const elapsed = at - this.#at;
    this.#at = at;
    for (const flow of this.flows) {
      const moved = Math.min(flow.left, flow.rate * elapsed);
      flow.left -= moved;
      for (const link of flow.links) (this.carried[link] as number) += moved;
    }
  }

  #fill(): void {
    const left = [...this.#capacity];
    const links = [...new Set(this.flows.flatMap((flow) => flow.links))];
    let open = [...this.flows];
    while (open.length > 0) {
      let tightest = -1;
      let least = Infinity;
      for (const link of links) {
        const share = (left[link] as number) / open.filter((flow) => flow.links.includes(link)).length;
        if (share < least) [tightest, least] = [link, share];
      }
      for (const flow of open.filter(({ links: of }) => of.includes(tightest))) {
        flow.rate = least;
        for (const link of flow.links) left[link] = Math.max(0, (left[link] as number) - least);
      }
      open = open.filter(({ links: of }) => !of.includes(tightest));
    }
  }
}
