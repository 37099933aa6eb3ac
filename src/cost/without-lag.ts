import { mostFollowed, turnsOf, type Interleaving } from './interleave.ts';
import type { LayerRuns } from './overlap.ts';
import { more, needed, type Work } from './work-rows.ts';

/** What an end is not behind: as long as it takes to do, without a pause, what the first places of a stream have, and some work more. */
interface Bound {
  readonly places: number;
  readonly work: Work;
}

/**
 * When no lag takes less time than none: what the stream of the first run has to do never waits then, which no lag can better, and by no lag do other
 * streams keep the first layer from ending with what that stream has of it. Sufficient: that of all that a run follows one ends last, whatever there
 * is of idle time. Weights of the times of runs, all sums of which have to be 0 or more.
 */
export function withoutLag(runs: LayerRuns, interleavings: readonly Interleaving[]): readonly Work[] {
  const { streams, after } = runs;
  const size = streams.length;
  const nothing: Work = Array.from(streams, () => 0);
  const last = turnsOf(runs)
    .flat()
    .findLast((run) => streams[run] === streams[0]) as number;
  let tail = nothing;
  for (let run = last; run >= 0; tail = more(tail, run)) run = after.findIndex((before) => before.includes(run));
  const found: Work[] = [];
  for (const [lag, { runOf, follows, ends, placeOf }] of interleavings.entries()) {
    const layers = lag === 0 ? ends.length : 1;
    const bounds: Bound[] = [];
    let stream: Bound = { places: 0, work: nothing };
    const within = (inner: Bound, outer: Bound): void => {
      found.push(outer.work.map((count, run) => (inner.places > outer.places ? -1 : count - (inner.work[run] as number))));
    };
    for (let place = 0; place <= Math.max(...ends.slice(0, layers).flatMap((places) => [...places])); place++) {
      const run = runOf[place] as number;
      const before = Array.from(follows.subarray(mostFollowed * place, mostFollowed * (place + 1)), (other) => bounds[other]).filter(
        (one) => one !== undefined,
      );
      if (streams[run] === streams[0]) {
        for (const one of before) if (lag === 0) within(one, stream);
        bounds.push((stream = { places: stream.places + 1, work: more(stream.work, run) }));
        continue;
      }
      const latest = before.reduce((most, one) => (one.places > most.places ? one : most), before[0] ?? { places: 0, work: nothing });
      for (const one of before) within(one, latest);
      bounds.push({ places: latest.places, work: more(latest.work, run) });
    }
    for (let layer = 0; layer < layers; layer++) {
      const { places, work } = bounds[placeOf[placeOf.length / 2 + layer * size + last] as number] as Bound;
      for (const exit of ends[layer] as Int32Array) within(bounds[exit] as Bound, { places, work: work.map((count, run) => count + (tail[run] as number)) });
    }
  }
  return needed(found);
}
