/** Whole nanoseconds of simulated time. */
export type Nanoseconds = number;

export type Arguments = Readonly<Record<string, number | string>>;

/** Something that took time, on a lane where nothing overlaps it. Parts lie inside it, one behind the other. */
export interface Slice {
  readonly kind: 'slice';
  readonly process: number;
  readonly lane: number;
  readonly from: Nanoseconds;
  readonly to: Nanoseconds;
  readonly name: string;
  readonly args?: Arguments | undefined;
  readonly parts?: readonly { readonly name: string; readonly from: Nanoseconds; readonly to: Nanoseconds }[] | undefined;
  /** Arrows lead through all slices of one number, from the one that begins it to the one that ends it. */
  readonly flows?: readonly { readonly flow: number; readonly place: 'first' | 'middle' | 'last' }[] | undefined;
}

/**
 * A trace of a run as data, whatever format it is written in. Numbers of lanes and of counters are unique over all processes, and lanes are shown in their
 * order; what a record refers to comes before it. Of one lane, slices and marks come in order of time, as do the values of one counter.
 */
export type TraceRecord =
  | { readonly kind: 'process'; readonly process: number; readonly name: string }
  | { readonly kind: 'lane'; readonly process: number; readonly lane: number; readonly name: string }
  | { readonly kind: 'counter'; readonly process: number; readonly counter: number; readonly name: string; readonly unit: string }
  | Slice
  | {
      readonly kind: 'mark';
      readonly process: number;
      readonly lane: number;
      readonly at: Nanoseconds;
      readonly name: string;
      readonly args?: Arguments | undefined;
    }
  | { readonly kind: 'value'; readonly process: number; readonly counter: number; readonly at: Nanoseconds; readonly value: number };

/** @param at seconds */
export function nanoseconds(at: number): Nanoseconds {
  return Math.round(at * 1e9);
}
