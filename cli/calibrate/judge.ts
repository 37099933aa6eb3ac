import type { Score } from '../../src/cost/calibration/cell.ts';
import type { MeasuredRow } from '../../src/cost/calibration/family.ts';
import { scoreOf } from '../../src/cost/calibration/score.ts';

/** A measured row beside its prediction. */
export interface JudgedRow {
  readonly shape: unknown;
  /** [s] */
  readonly measured: number;
  readonly predicted: number;
  /** predicted / measured - 1. */
  readonly error: number;
}

export function judged(rows: readonly MeasuredRow<unknown>[], predict: (shape: unknown) => number): readonly JudgedRow[] {
  return rows.map(({ shape, time }) => {
    const predicted = predict(shape);
    return { shape, measured: time, predicted, error: predicted / time - 1 };
  });
}

export function scoreOfRows(rows: readonly JudgedRow[]): Score {
  return scoreOf(rows.map(({ error }) => Math.abs(error)));
}

/** The rows that are furthest off, worst first: too slow by 2 is as bad as too fast by 2. */
export function worstRows(rows: readonly JudgedRow[], count: number): readonly JudgedRow[] {
  const distance = ({ measured, predicted }: JudgedRow): number => Math.max(predicted / measured, measured / predicted);
  return rows.toSorted((a, b) => distance(b) - distance(a)).slice(0, count);
}

/** `m 128, n 4096, k 7168`: the fields of a shape that say something. */
export function shapeText(shape: unknown): string {
  return Object.entries(shape as Readonly<Record<string, unknown>>)
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([name, value]) => `${name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}

export interface ErrorBand {
  readonly label: string;
  readonly rows: number;
  readonly share: number;
}

const edges = [-0.5, -0.3, -0.2, -0.1, -0.05, 0, 0.05, 0.1, 0.2, 0.3, 0.5];

/** How many rows are too fast or too slow by how much. */
export function errorBands(rows: readonly JudgedRow[]): readonly ErrorBand[] {
  const counts = Array.from({ length: edges.length + 1 }, () => 0);
  for (const { error } of rows) {
    const place = edges.findIndex((edge) => error < edge);
    const at = place === -1 ? edges.length : place;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  const sign = (value: number): string => `${value > 0 ? '+' : ''}${Math.round(value * 100)} %`;
  return counts.map((count, i) => {
    const [low, high] = [edges[i - 1], edges[i]];
    const label = low === undefined ? `below ${sign(edges[0] ?? 0)}` : high === undefined ? `above ${sign(low)}` : `${sign(low)} to ${sign(high)}`;
    return { label, rows: count, share: rows.length === 0 ? 0 : count / rows.length };
  });
}

export interface TimeBand {
  /** [s] */
  readonly from: number;
  readonly to: number;
  readonly score: Score;
  /** Median of the signed error. */
  readonly bias: number;
}

/** The error over octaves-of-ten of the measured time: which sizes are served well. */
export function timeBands(rows: readonly JudgedRow[]): readonly TimeBand[] {
  const bands = new Map<number, JudgedRow[]>();
  for (const row of rows) {
    const decade = Math.floor(Math.log10(row.measured));
    const known = bands.get(decade);
    if (known === undefined) bands.set(decade, [row]);
    else known.push(row);
  }
  return [...bands]
    .sort(([a], [b]) => a - b)
    .map(([decade, inside]) => {
      const errors = inside.map(({ error }) => error).sort((a, b) => a - b);
      return { from: 10 ** decade, to: 10 ** (decade + 1), score: scoreOfRows(inside), bias: errors[errors.length >> 1] ?? 0 };
    });
}
