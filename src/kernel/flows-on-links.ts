import { enlarged } from './enlarged.ts';

/**
 * Which flows go over which links, as flows come and go: a row of links for each flow, and through the places of those rows a chain of flows for each link,
 * so that a flow joins and leaves in a time that only its own links count for. Rows and chains are read where they are.
 */
export class FlowsOnLinks {
  /** By link: how many flows go over it, and the first place of its chain, -1 where there is none. */
  readonly count: Int32Array;
  readonly first: Int32Array;
  /** A flow's row has `1 << shift` places, from `flow << shift` on; a place belongs to flow `place >> shift`. */
  shift = 2;
  /** By flow: how many links it goes over, 0 where there is no such flow. */
  size: Int32Array<ArrayBuffer> = new Int32Array(64);
  /** By place: the link, and the places after and before it in the chain of that link, -1 at its ends. */
  link: Int32Array<ArrayBuffer>;
  after: Int32Array<ArrayBuffer>;
  #before: Int32Array<ArrayBuffer>;

  /** @param links how many there are */
  constructor(links: number) {
    this.count = new Int32Array(links);
    this.first = new Int32Array(links).fill(-1);
    this.link = new Int32Array(this.size.length << this.shift);
    this.after = new Int32Array(this.link.length);
    this.#before = new Int32Array(this.link.length);
  }

  /** A flow comes, by a number that no other has now: over `links` and `others`, all of them distinct. */
  join(flow: number, links: ArrayLike<number>, others: ArrayLike<number> = none): void {
    const size = links.length + others.length;
    while (flow >= this.size.length) this.#lengthen();
    while (size > 1 << this.shift) this.#widen();
    const start = flow << this.shift;
    for (let i = 0; i < links.length; i++) this.#chain(start + i, links[i]);
    for (let i = 0; i < others.length; i++) this.#chain(start + links.length + i, others[i]);
    this.size[flow] = size;
  }

  leave(flow: number): void {
    const { link, first, count, after } = this;
    const before = this.#before;
    const start = flow << this.shift;
    const end = start + this.size[flow];
    for (let place = start; place < end; place++) {
      const previous = before[place];
      const next = after[place];
      if (previous >= 0) after[previous] = next;
      else first[link[place]] = next;
      if (next >= 0) before[next] = previous;
      count[link[place]]--;
    }
    this.size[flow] = 0;
  }

  #chain(place: number, link: number): void {
    const next = this.first[link];
    this.link[place] = link;
    this.after[place] = next;
    this.#before[place] = -1;
    if (next >= 0) this.#before[next] = place;
    this.first[link] = place;
    this.count[link]++;
  }

  #lengthen(): void {
    this.size = enlarged(this.size, new Int32Array(2 * this.size.length));
    this.link = enlarged(this.link, new Int32Array(2 * this.link.length));
    this.after = enlarged(this.after, new Int32Array(2 * this.after.length));
    this.#before = enlarged(this.#before, new Int32Array(2 * this.#before.length));
  }

  /** Makes rows twice as wide, and chains anew. */
  #widen(): void {
    const { link, shift } = this;
    this.shift++;
    this.link = new Int32Array(2 * link.length);
    this.after = new Int32Array(2 * link.length);
    this.#before = new Int32Array(2 * link.length);
    this.first.fill(-1);
    this.count.fill(0);
    for (let flow = 0; flow < this.size.length; flow++)
      for (let i = 0; i < this.size[flow]; i++) this.#chain((flow << this.shift) + i, link[(flow << shift) + i]);
  }
}

const none: readonly number[] = [];
