/** A transfer under way in the twin: `left` bytes at `at`. */
export interface NaiveFlow {
  readonly links: readonly number[];
  readonly bytes: number;
  /** Called when the last byte has left. */
  readonly sent: () => void;
  left: number;
  at: number;
  rate: number;
}

/** Flows over shared links: rates by filling the tightest link again and again (MOV-2). */
export class NaiveLinks {
  flows: NaiveFlow[] = [];
  readonly carried: number[];
  readonly #capacity: readonly number[];

  constructor(capacity: readonly number[]) {
    this.#capacity = capacity;
    this.carried = capacity.map(() => 0);
  }

  /** When the next flow ends. */
  get endsAt(): number {
    return Math.min(...this.flows.map(({ at, left, rate }) => at + left / rate));
  }

  /** Takes out the flows that end at `at`, in the order in which they began. */
  end(at: number): readonly NaiveFlow[] {
    const ended = this.flows.filter((flow) => flow.at + flow.left / flow.rate <= at);
    for (const { links, bytes } of ended) for (const link of links) (this.carried[link] as number) += bytes;
    this.flows = this.flows.filter((flow) => !ended.includes(flow));
    return ended;
  }

  /** Gives every flow its rate. What is left of it is reckoned when that changes. */
  share(at: number): void {
    const rates = this.#rates();
    for (const flow of this.flows) {
      const rate = rates.get(flow) as number;
      if (rate === flow.rate) continue;
      flow.left -= Math.min(flow.left, flow.rate * (at - flow.at));
      Object.assign(flow, { at, rate });
    }
  }

  #rates(): Map<NaiveFlow, number> {
    const rates = new Map<NaiveFlow, number>();
    const left = [...this.#capacity];
    // Equally tight ones go by number.
    const links = [...new Set(this.flows.flatMap((flow) => flow.links))].toSorted((a, b) => a - b);
    let open = [...this.flows];
    while (open.length > 0) {
      let tightest = -1;
      let least = Infinity;
      for (const link of links) {
        const share = (left[link] as number) / open.filter((flow) => flow.links.includes(link)).length;
        if (share < least) [tightest, least] = [link, share];
      }
      for (const flow of open.filter(({ links: over }) => over.includes(tightest))) {
        rates.set(flow, least);
        for (const link of flow.links) left[link] = Math.max(0, (left[link] as number) - least);
      }
      open = open.filter(({ links: over }) => !over.includes(tightest));
    }
    return rates;
  }
}
