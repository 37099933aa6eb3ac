import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import type { Line, QuantileChart, TimeChart, TimedEvent } from '../../src/report/block.ts';
import { quantity } from '../../src/report/wording.ts';
import { html, Markup } from './markup.ts';

const { document } = parseHTML('<!doctype html><html><body></body></html>');
/** Below it, a quantity or a share of one is nothing to draw. */
const smallest = 1e-12;
const width = 460;
const height = 220;
export const series: readonly string[] = ['var(--line-1)', 'var(--line-2)', 'var(--line-3)', 'var(--line-4)'];
const type = { fontSize: '12px', fontFamily: 'inherit' };

/** How a quantity is drawn: SI values times `factor` in `unit`, in steps that a reader knows. */
interface Scale {
  readonly factor: number;
  readonly unit: string;
}

function scaleOf(top: number, unit: string): Scale {
  if (unit === 's') {
    if (top < 1e-3) return { factor: 1e6, unit: 'µs' };
    if (top < 1) return { factor: 1e3, unit: 'ms' };
    if (top < 900) return { factor: 1, unit: 's' };
    return top < 4 * 3600 ? { factor: 1 / 60, unit: 'min' } : { factor: 1 / 3600, unit: 'h' };
  }
  if (unit === '%') return { factor: 1, unit };
  if (unit === 'W') return top >= 1e6 ? { factor: 1e-6, unit: 'MW' } : top >= 1e3 ? { factor: 1e-3, unit: 'kW' } : { factor: 1, unit };
  if (top >= 2e6) return { factor: 1e-6, unit: `million ${unit}` };
  return top >= 2e4 ? { factor: 1e-3, unit: `thousand ${unit}` } : { factor: 1, unit };
}

function top(values: readonly number[]): number {
  return Math.max(0, ...values.filter((value) => Number.isFinite(value)));
}

/** A plot as SVG. */
export function drawn(options: Plot.PlotOptions): Markup {
  const plot = Plot.plot({
    document: document as never,
    width,
    height,
    marginTop: 26,
    marginRight: 14,
    marginBottom: 38,
    marginLeft: 52,
    style: type,
    ...options,
  });
  return new Markup((plot as { readonly outerHTML: string }).outerHTML);
}

/** Names of the lines, where there are several, and the objective: beside the plot, where they cover nothing. `sign`: lines or filled parts. */
function legend(names: readonly string[], limit: string | undefined, sign: 'key' | 'fill'): Markup | undefined {
  const items = [
    ...(names.length < 2 ? [] : names.map((name, index) => ({ name, key: `${sign}-${index + 1}` }))),
    ...(limit === undefined ? [] : [{ name: limit, key: 'key-limit' }]),
  ];
  if (items.length === 0) return undefined;
  return html`<ul class="legend">
    ${items.map(
      ({ name, key }) =>
        html`<li>
          <svg viewBox="0 0 18 10" aria-hidden="true"><path d="M0 5h18" class="${key}" /></svg>${name}
        </li>`,
    )}
  </ul>`;
}

/** A plot with its caption and legend. */
export function figure(caption: string, names: readonly string[], limit: string | undefined, plot: Markup, sign: 'key' | 'fill' = 'key'): Markup {
  return html`<figure class="chart">
    <figcaption>${caption}</figcaption>
    ${legend(names, limit, sign)}${plot}
  </figure>`;
}

function limitMarks(limit: QuantileChart['limit'], factor: number): Plot.Markish[] {
  return limit === undefined ? [] : [Plot.ruleY([limit.value * factor], { stroke: 'var(--limit)', strokeDasharray: '2 3', strokeWidth: 1.4 })];
}

function eventMarks(events: readonly TimedEvent[], time: number): Plot.Markish[] {
  if (events.length === 0) return [];
  const spans = events.map(({ from, to, label }) => ({ from: from * time, to: to * time, label }));
  return [
    Plot.ruleX(spans, { x: 'from', stroke: 'var(--event)', strokeWidth: 1, strokeDasharray: '1 2', title: 'label' }),
    Plot.rect(spans, { x1: 'from', x2: 'to', fill: 'var(--event)', fillOpacity: 0.12, title: 'label' }),
  ];
}

const strokes = (index: number): Plot.LineYOptions => ({
  stroke: series[index] ?? 'currentColor',
  strokeWidth: 1.7,
  ...(index % 2 === 1 ? { strokeDasharray: '6 2' } : {}),
});

/** Whether an objective belongs into a chart: far above the lines it would only flatten them. */
function within(limit: QuantileChart['limit'], highest: number): QuantileChart['limit'] {
  return limit !== undefined && limit.value <= highest * 4 ? limit : undefined;
}

/** Points without a figure are gaps, except for a few in a row: intervals in which nothing ended do not tear a line apart. */
function bridged(points: Line['points']): Line['points'] {
  const longest = 3;
  return points.filter(({ y }, index) => {
    if (Number.isFinite(y)) return true;
    const before = points.slice(Math.max(0, index - longest), index).findLastIndex((point) => Number.isFinite(point.y));
    const after = points.slice(index + 1, index + 1 + longest).findIndex((point) => Number.isFinite(point.y));
    return before < 0 || after < 0;
  });
}

/** Lines over simulated time, with the steady window shaded and events marked: a rule where they begin, a band as long as they are felt. */
export function timeFigure(chart: TimeChart, window: { readonly from: number; readonly to: number } | undefined, events: readonly TimedEvent[] = []): Markup {
  const points = chart.lines.flatMap((line) => line.points);
  const time = scaleOf(top(points.map(({ x }) => x)), 's');
  const highest = chart.stacked === true ? top(totals(chart.lines)) : top(points.map(({ y }) => y));
  const limit = within(chart.limit, highest);
  const y = scaleOf(Math.max(highest, limit?.value ?? 0), chart.unit);
  const shade = window === undefined ? [] : [Plot.rect([window], { x1: window.from * time.factor, x2: window.to * time.factor, fill: 'var(--window)' })];
  const lines = chart.stacked === true ? areasOf(chart.lines, time.factor, y.factor) : linesOf(chart.lines, time.factor, y.factor);
  const plot = drawn({
    ariaLabel: `${chart.caption}: ${chart.axis} over simulated time`,
    x: {
      label: `simulated time (${time.unit})`,
      labelArrow: 'none',
      labelAnchor: 'center',
      domain: spanOf(points.map((point) => point.x * time.factor)),
      ticks: 6,
    },
    y: {
      label: chart.axis === y.unit ? chart.axis : `${chart.axis} (${y.unit})`,
      labelArrow: 'none',
      grid: true,
      ticks: 5,
      domain: [0, domainTop(highest, limit, y.factor)],
      nice: true,
    },
    marks: [...shade, Plot.ruleY([0]), ...lines, ...limitMarks(limit, y.factor), ...eventMarks(events, time.factor)],
  });
  return figure(
    chart.caption,
    chart.lines.map(({ name }) => name),
    limit?.label,
    plot,
    chart.stacked === true ? 'fill' : 'key',
  );
}

function linesOf(lines: readonly Line[], time: number, factor: number): readonly Plot.Markish[] {
  return lines.map((line, index) =>
    Plot.lineY(
      bridged(line.points).map((point) => ({ x: point.x * time, y: Number.isFinite(point.y) ? point.y * factor : undefined })),
      { x: 'x', y: 'y', curve: 'monotone-x', ...strokes(index) },
    ),
  );
}

/** Parts of a whole on top of one another, the first at the bottom. */
function areasOf(lines: readonly Line[], time: number, factor: number): readonly Plot.Markish[] {
  const below = new Map<number, number>();
  return lines.map((line, index) => {
    const band = line.points.map(({ x, y }, i) => {
      const low = below.get(i) ?? 0;
      const high = low + (Number.isFinite(y) ? y : 0);
      below.set(i, high);
      return { x: x * time, low: low * factor, high: high * factor };
    });
    return Plot.areaY(band, { x: 'x', y1: 'low', y2: 'high', fill: `var(--part-${(index % 8) + 1})` });
  });
}

/** Sums of the lines at each of their points. */
function totals(lines: readonly Line[]): readonly number[] {
  return (lines[0]?.points ?? []).map((_, i) => lines.reduce((sum, { points }) => sum + (points[i]?.y ?? 0), 0));
}

/** The time that points span, never nothing. */
function spanOf(times: readonly number[]): readonly [number, number] {
  const known = times.filter((at) => Number.isFinite(at));
  const from = known.length === 0 ? 0 : Math.min(...known);
  const to = Math.max(from, ...known);
  return to - from > Math.max(smallest, to * smallest) ? [from, to] : [from, from + Math.max(1, from)];
}

function domainTop(highest: number, limit: QuantileChart['limit'], factor: number): number {
  const wanted = Math.max(highest, (limit?.value ?? 0) * 1.12) * factor;
  return wanted > smallest ? wanted : 1;
}

/** One latency by percentile, the figure at each point where there is one line only. */
export function quantileFigure(chart: QuantileChart): Markup {
  const values = chart.lines.flatMap((line) => line.values);
  const highest = top(values.map(({ value }) => value));
  const limit = within(chart.limit, highest);
  const y = scaleOf(Math.max(highest, limit?.value ?? 0), 's');
  const single = chart.lines.length === 1;
  const marks = chart.lines.flatMap((line, index): Plot.Markish[] => {
    const points = line.values.filter(({ value }) => Number.isFinite(value)).map(({ quantile, value }) => ({ quantile, value: value * y.factor }));
    const place = { x: 'quantile', y: 'value' };
    return single
      ? [Plot.barY(points, { ...place, fill: 'var(--line-1)', insetLeft: 8, insetRight: 8 })]
      : [Plot.lineY(points, { ...place, ...strokes(index) }), Plot.dot(points, { ...place, fill: series[index] ?? 'currentColor', r: 3.2 })];
  });
  const labels = (chart.lines[0]?.values ?? [])
    .filter(({ value }) => single && Number.isFinite(value))
    .map(({ quantile, value }) => ({ quantile, value: value * y.factor, words: quantity(value, 's') }));
  const words = Plot.text(labels, { x: 'quantile', y: 'value', text: 'words', dy: -9, stroke: 'var(--card)', strokeWidth: 4, fill: 'currentColor' });
  const plot = drawn({
    ariaLabel: chart.caption,
    x: {
      type: single ? 'band' : 'point',
      label: 'percentile of requests',
      labelArrow: 'none',
      labelAnchor: 'center',
      domain: (chart.lines[0]?.values ?? []).map(({ quantile }) => quantile),
    },
    y: { label: `time (${y.unit})`, labelArrow: 'none', grid: true, ticks: 5, domain: [0, domainTop(highest * 1.1, limit, y.factor)], nice: true },
    marks: [Plot.ruleY([0]), ...marks, ...limitMarks(limit, y.factor), words],
  });
  return figure(
    chart.caption,
    chart.lines.map(({ name }) => name),
    limit?.label,
    plot,
  );
}
