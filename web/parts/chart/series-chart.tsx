import { useSignalEffect, type ReadonlySignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot, { type AlignedData, type Options } from 'uplot';
import 'uplot/dist/uPlot.min.css';
import './chart.css';
import { colours } from '../map/colours.ts';
import type { Token } from '../map/ramp.ts';

export interface Line {
  readonly name: string;
  readonly colour: Token;
  readonly dashed?: boolean | undefined;
}

export interface SeriesData {
  /** Times [s], then the values of each line; null where there is nothing to say. */
  readonly columns: readonly (readonly (number | null)[])[];
  /** A value that should not be passed. */
  readonly limit?: number | undefined;
}

interface Props {
  readonly title: { readonly short: string; readonly long: string };
  readonly lines: readonly Line[];
  readonly data: ReadonlySignal<SeriesData | undefined>;
  /** Marked on the time axis: where the run is. */
  readonly at: ReadonlySignal<number | undefined>;
  /** Values as text. */
  readonly show: (value: number) => string;
  readonly height?: number | undefined;
}

/** A few lines over simulated time. */
export function SeriesChart({ title, lines, data, at, show, height = 92 }: Props): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const names = lines.map(({ name }) => name).join(' ');

  useSignalEffect(() => {
    const element = place.current;
    const inks = colours.value;
    if (element === null) return;
    chart.current?.destroy();
    chart.current = new uPlot(optionsOf(lines, element.clientWidth, height, inks, show, at, data), alignedOf(data.peek(), lines.length), element);
  });
  useSignalEffect(() => {
    const now = data.value;
    chart.current?.setData(alignedOf(now, lines.length));
  });
  useSignalEffect(() => {
    void at.value;
    chart.current?.redraw(false);
  });
  useEffect(() => {
    const element = place.current as HTMLElement;
    const watch = new ResizeObserver(() => chart.current?.setSize({ width: element.clientWidth, height }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      chart.current?.destroy();
      chart.current = undefined;
    };
  }, [names]);

  const latest = lines.map((line, i) => ({ ...line, value: data.value?.columns[i + 1]?.findLast((value) => value !== null) ?? undefined }));
  return (
    <figure class="series-chart">
      <figcaption>
        <span title={title.long}>{title.short}</span>
        {latest.map(({ name, colour, value }) => (
          <span key={name} class="key" style={{ '--key': `var(--${colour})` }}>
            {lines.length > 1 ? name : ''} <b>{value === undefined ? '–' : show(value)}</b>
          </span>
        ))}
      </figcaption>
      <div
        ref={place}
        role="img"
        aria-label={`${title.long}: ${latest.map(({ name, value }) => `${name} ${value === undefined ? '–' : show(value)}`).join(', ')}`}
      />
    </figure>
  );
}

function alignedOf(data: SeriesData | undefined, lines: number): AlignedData {
  return (data?.columns ?? Array.from({ length: lines + 1 }, () => [])) as AlignedData;
}

function optionsOf(
  lines: readonly Line[],
  width: number,
  height: number,
  inks: Readonly<Record<Token, string>>,
  show: (value: number) => string,
  at: Props['at'],
  data: Props['data'],
): Options {
  const axis = { stroke: inks.quiet, grid: { stroke: inks.rule, width: 0.5 }, ticks: { show: false }, font: '11px system-ui, sans-serif' };
  return {
    width,
    height,
    padding: [6, 6, 0, 0],
    legend: { show: false },
    cursor: { points: { show: false }, y: false, drag: { x: false, y: false } },
    scales: { x: { time: false }, y: { range: (_, __, most) => [0, Math.max(most, data.peek()?.limit ?? 0) * 1.08 || 1] } },
    axes: [
      { ...axis, size: 20, space: 60, values: (_, splits) => splits.map((split) => `${split} s`) },
      { ...axis, size: 48, space: 26, values: (_, splits) => splits.map(show) },
    ],
    series: [
      {},
      ...lines.map(({ name, colour, dashed }) => ({
        label: name,
        stroke: inks[colour],
        width: 1.5,
        spanGaps: true,
        points: { show: false },
        ...(dashed === true ? { dash: [4, 3] } : {}),
      })),
    ],
    hooks: { draw: [(plot) => drawMarks(plot, inks, at.peek(), data.peek()?.limit)] },
  };
}

/** Where the run is, and the objective. */
function drawMarks(plot: uPlot, inks: Readonly<Record<Token, string>>, at: number | undefined, limit: number | undefined): void {
  const { ctx, bbox } = plot;
  const line = (x0: number, y0: number, x1: number, y1: number, colour: string, dash: number[]): void => {
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.beginPath();
    ctx.setLineDash(dash);
    ctx.lineWidth = devicePixelRatio;
    ctx.strokeStyle = colour;
    ctx.moveTo(x0, y0);
    ctx.lineTo(x1, y1);
    ctx.stroke();
    ctx.restore();
  };
  if (limit !== undefined) {
    const y = plot.valToPos(limit, 'y', true);
    line(bbox.left, y, bbox.left + bbox.width, y, inks.bad, [2, 4]);
  }
  if (at === undefined) return;
  const x = plot.valToPos(at, 'x', true);
  line(x, bbox.top, x, bbox.top + bbox.height, inks.quiet, [1, 3]);
}
