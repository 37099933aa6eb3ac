import { normalQuantile } from '../../kernel/normal.ts';
import { counterUniform } from '../../kernel/random.ts';
import { hashOf } from '../calibration/sample.ts';

/** The draws of one sample: the standard normal variate of each unknown by its name. */
export type Draw = (name: string) => number;

/** No unknown is off: the nominal sample. */
export const nominal: Draw = () => 0;

/** A draw in which only some unknowns are off: what these alone do to an interval. */
export function onlyOf(draw: Draw, off: (name: string) => boolean): Draw {
  return (name) => (off(name) ? draw(name) : 0);
}

/**
 * The draws of `samples` samples of any number of unknowns. Each unknown has a stream of its own by name and seed, whoever asks and in whatever
 * order. Its samples are spread evenly: each takes another one of `samples` equal parts of the distribution (Latin hypercube), so that few samples
 * show an interval.
 */
export function drawsOf(seed: number, samples: number): readonly Draw[] {
  const [high, low] = [Math.floor(seed / 4294967296) >>> 0, seed >>> 0];
  const known = new Map<string, readonly number[]>();
  const variates = (name: string): readonly number[] => {
    const stream = hashOf(name);
    const order = Array.from({ length: samples }, (_, k) => ({ k, key: counterUniform(high, low, stream, k) })).sort((a, b) => a.key - b.key || a.k - b.k);
    const made = Array.from({ length: samples }, () => 0);
    order.forEach(({ k }, part) => {
      const within = Math.max(1e-6, counterUniform(high, low, stream, samples + k));
      made[k] = normalQuantile((part + within) / samples);
    });
    known.set(name, made);
    return made;
  };
  return Array.from(
    { length: samples },
    (_, k) =>
      (name: string): number =>
        (known.get(name) ?? variates(name))[k] ?? 0,
  );
}
