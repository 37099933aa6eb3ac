import type { Frame, PoolSeries, Series } from './frame.ts';

/** Digits that are enough for a picture. */
const digits = 5;

/** A frame as JSON on its way to another program. */
export function frameText(frame: Frame): string {
  return JSON.stringify(frame, (_, value: unknown) =>
    value instanceof Float32Array || value instanceof Float64Array ? Array.from(value, (number) => Number(number.toPrecision(digits))) : plain(value),
  );
}

function plain(value: unknown): unknown {
  return value instanceof Uint8Array ? Array.from(value) : value;
}

type Numbers = readonly (number | null)[];

/** What JSON makes of a frame: numbers in lists, null for those that are none. */
interface Received extends Omit<Frame, 'states' | 'occupancy' | 'waiting' | 'exchanges' | 'kv' | 'sequences' | 'links' | 'left' | 'series'> {
  readonly states: readonly number[];
  readonly occupancy: Numbers;
  readonly waiting: Numbers;
  readonly exchanges: Numbers;
  readonly kv: Numbers;
  readonly sequences: Numbers;
  readonly links: Numbers;
  readonly left: Numbers;
  readonly series?: {
    readonly width: number;
    readonly count: number;
    readonly lines: Readonly<Record<string, Numbers>>;
    readonly pools: readonly Readonly<Record<keyof PoolSeries, Numbers>>[];
    readonly planes: readonly { readonly name: string; readonly use: Numbers }[];
  };
}

/** The frame that a text of `frameText` holds, to five digits. */
export function frameFrom(text: string): Frame {
  const received = JSON.parse(text) as Received;
  const { occupancy, waiting, exchanges, kv, sequences, links, left, series } = received;
  return {
    ...received,
    states: Uint8Array.from(received.states),
    occupancy: Float32Array.from(occupancy, number),
    waiting: Float32Array.from(waiting, number),
    exchanges: Float32Array.from(exchanges, number),
    kv: Float32Array.from(kv, number),
    sequences: Float32Array.from(sequences, number),
    links: Float32Array.from(links, number),
    left: Float32Array.from(left, number),
    series: series === undefined ? undefined : seriesFrom(series),
  };
}

function seriesFrom({ width, count, lines, pools, planes }: NonNullable<Received['series']>): Series {
  const column = (values: Numbers): Float64Array => Float64Array.from(values, number);
  return {
    width,
    count,
    lines: Object.fromEntries(Object.entries(lines).map(([name, values]) => [name, column(values)])) as Series['lines'],
    pools: pools.map(({ kv, busy, full, exchange }) => ({ kv: column(kv), busy: column(busy), full: column(full), exchange: column(exchange) })),
    planes: planes.map(({ name, use }) => ({ name, use: column(use) })),
  };
}

function number(value: number | null): number {
  return value ?? Number.NaN;
}
