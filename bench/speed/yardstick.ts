import { EventQueue } from '../../src/kernel/event-queue.ts';
import { stream } from '../../src/kernel/random.ts';

const pending = 1024;
const turns = 1_000_000;
const tries = 5;
/** Sizes of memory that is looked at. [MiB] */
const sizes = [0.5, 4, 16] as const;

/** What the machine allows while it is measured: other load on it makes memory behind the caches of a core several times as slow. */
export interface Yardstick {
  /** Events that the queue alone takes and gives, with 1,024 pending. [1/s] */
  readonly events: number;
  /** Time of a look at a random place, each behind the last, by size of memory. [MiB, s] */
  readonly looks: readonly (readonly [size: number, time: number])[];
}

export function yardstick(): Yardstick {
  return { events: 1 / least(turns, queueTurns()), looks: sizes.map((size) => [size, least(turns, walk(size))]) };
}

/** Least time of one of `count` steps. [s] */
function least(count: number, steps: (count: number) => void): number {
  steps(count);
  const times = Array.from({ length: tries }, () => {
    const start = performance.now();
    steps(count);
    return performance.now() - start;
  });
  return Math.min(...times) / 1000 / count;
}

/** An event is taken, and one put in its place somewhat later. */
function queueTurns(): (count: number) => void {
  const random = stream(1, 'yardstick');
  const gaps = Float64Array.from({ length: 4096 }, () => random.uniform());
  const queue = new EventQueue(2 * pending);
  for (let i = 0; i < pending; i++) queue.push(gaps[i] as number, 0, 0, i);
  return (count) => {
    for (let i = 0; i < count; i++) {
      queue.pop();
      queue.push(queue.time + (gaps[i & 4095] as number), 0, 0, i);
    }
  };
}

/** Goes through all lines of so much memory in one round without an order. */
function walk(size: number): (count: number) => void {
  const line = 16;
  const lines = (size * 2 ** 20) / 4 / line;
  const random = stream(2, 'yardstick');
  const order = Int32Array.from({ length: lines }, (_, i) => i);
  for (let i = lines - 1; i > 0; i--) {
    const other = Math.floor(random.uniform() * i);
    [order[i], order[other]] = [order[other] as number, order[i] as number];
  }
  const next = new Int32Array(lines * line);
  for (let i = 0; i < lines; i++) next[(order[i] as number) * line] = (order[(i + 1) % lines] as number) * line;
  let at = 0;
  return (count) => {
    for (let i = 0; i < count; i++) at = next[at] as number;
  };
}
