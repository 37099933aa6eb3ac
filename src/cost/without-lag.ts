import { mostFollowed, turnsOf, type Interleaving } from './interleave.ts';
import type { LayerRuns } from './overlap.ts';

/** How often each run. */
type Work = readonly number[];

/** What an end is not behind: as long as it takes to do, without a pause, what the first places of a stream have, and some work more. */
interface Bound {
  readonly places: number;
  readonly work: Work;
}

/**
 * When no lag takes less time than none: what the stream of the first run has to do never waits then, which no lag can better, and by no lag do other
 * streams keep the first layer from ending with what that stream has of it. Sufficient: that of all that a run follows one ends last, whatever there
 * is of idle time. Weights of the times of runs, all sums of which have to be 0 or more. `repeats`: whether there are more layers than these.
 */
export function withoutLag(runs: LayerRuns, interleavings: readonly Interleaving[], repeats: boolean): readonly Work[] {
  const { streams, after } = runs;
  const size = streams.length;
  const nothing: Work = Array.from(streams, () => 0);
  const last = turnsOf(runs)
    .flat()
    .findLast((run) => streams[run] === streams[0]);
  let tail = nothing;
  for (let run = last ?? 0; run >= 0;) {
    run = after.findIndex((before, other) => other > 0 && before.includes(run));
    if (run >= 0) tail = plus(tail, run);
  }
  const found: Work[] = [];
  for (const [lag, { runOf, follows, ends, placeOf }] of interleavings.entries()) {
    const layers = lag === 0 ? ends.length : repeats ? 1 : 0;
    const bounds: Bound[] = [];
    let stream: Bound = { places: 0, work: nothing };
    const within = (inner: Bound, outer: Bound): void => {
      found.push(outer.work.map((count, run) => (inner.places > outer.places ? -1 : count - (inner.work[run] ?? 0))));
    };
    for (let place = 0; place <= Math.max(-1, ...ends.slice(0, layers).flatMap((places) => [...places])); place++) {
      const run = runOf[place] ?? 0;
      const before = Array.from(follows.subarray(mostFollowed * place, mostFollowed * (place + 1)), (other) => bounds[other]).filter(
        (one) => one !== undefined,
      );
      if (streams[run] === streams[0]) {
        for (const one of before) if (lag === 0) within(one, stream);
        bounds.push((stream = { places: stream.places + 1, work: plus(stream.work, run) }));
        continue;
      }
      const latest = before.reduce((most, one) => (one.places > most.places ? one : most), before[0] ?? { places: 0, work: nothing });
      for (const one of before) within(one, latest);
      bounds.push({ places: latest.places, work: plus(latest.work, run) });
    }
    for (let layer = 0; layer < layers; layer++) {
      const { places, work } = bounds[placeOf[placeOf.length / 2 + layer * size + (last ?? 0)] ?? 0] ?? stream;
      for (const exit of ends[layer] ?? []) within(bounds[exit] ?? stream, { places, work: work.map((count, run) => count + (tail[run] ?? 0)) });
    }
  }
  const needed = found.filter((weights) => weights.some((weight) => weight < 0));
  const implies = (one: Work, other: Work): boolean => one.every((weight, run) => weight <= (other[run] ?? 0));
  return needed.filter((weights, i) => !needed.some((other, j) => implies(other, weights) && (j < i || !implies(weights, other))));
}

function plus(work: Work, run: number): Work {
  return work.map((count, i) => (i === run ? count + 1 : count));
}
