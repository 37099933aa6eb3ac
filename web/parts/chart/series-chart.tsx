import { signal, useSignalEffect, type ReadonlySignal, type Signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot, { type AlignedData, type Options } from 'uplot';
import 'uplot/dist/uPlot.min.css';
import './chart.css';
import { significant } from '../../../src/base/quantity.ts';
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
  /** A value that should not be passed, and what it is called. */
  readonly limit?: { readonly value: number; readonly name: string } | undefined;
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
  /** A time that was clicked. */
  readonly onPick?: ((at: number) => void) | undefined;
}

/** A few lines over simulated time. */
export function SeriesChart({ title, lines, data, at, show, height = 92, onPick }: Props): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const names = lines.map(({ name }) => name).join(' ');

  useSignalEffect(() => {
    const element = place.current;
    const inks = colours.value;
    if (element === null) return;
    chart.current?.destroy();
    const options = optionsOf({ title, lines, data, at, show, onPick }, element.clientWidth, height, inks);
    chart.current = new uPlot(options, alignedOf(data.peek(), lines.length), element);
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

  // What the pointer is at, in this chart or another one; else the latest.
  const here = pointed.value;
  const valueOf = (column: readonly (number | null)[] | undefined): number | undefined =>
    (here === undefined ? column?.findLast((value) => value !== null) : column?.[here]) ?? undefined;
  const latest = lines.map((line, i) => ({ ...line, value: valueOf(data.value?.columns[i + 1]) }));
  const time = here === undefined ? undefined : data.value?.columns[0]?.[here];
  return (
    <figure class="series-chart">
      <figcaption>
        <span title={title.long}>
          {title.short} {time === undefined || time === null ? undefined : <small class="quiet">{clock(time, time)}</small>}
        </span>
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

/** Which interval the pointer is at, in any chart. */
const pointed: Signal<number | undefined> = signal(undefined);

/** A time of a run that lasts until `last`, in its unit. [s] */
function clock(time: number, last: number): string {
  const [unit, seconds] = last >= 7200 ? ['h', 3600] : last >= 300 ? ['min', 60] : ['s', 1];
  return `${significant(time / seconds, 4).replace(/\.0*$|(\.\d*?)0+$/, '$1')} ${unit}`;
}

function optionsOf({ lines, show, at, data, onPick }: Props, width: number, height: number, inks: Readonly<Record<Token, string>>): Options {
  const axis = { stroke: inks.quiet, grid: { stroke: inks.rule, width: 0.5 }, ticks: { show: false }, font: '11px system-ui, sans-serif' };
  return {
    width,
    height,
    padding: [6, 14, 0, 0],
    legend: { show: false },
    cursor: { points: { show: false }, y: false, drag: { x: false, y: false }, sync: { key: 'run' } },
    scales: { x: { time: false }, y: { range: (_, __, most) => [0, Math.max(most * 1.08, (data.peek()?.limit?.value ?? 0) * 1.25) || 1] } },
    axes: [
      { ...axis, size: 20, space: 60, values: (_, splits) => splits.map((split) => clock(split, splits.at(-1) ?? split)) },
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
    hooks: {
      draw: [(plot) => drawMarks(plot, inks, at.peek(), data.peek()?.limit)],
      setCursor: [(plot) => (pointed.value = plot.cursor.idx ?? undefined)],
      ready: [
        (plot) =>
          plot.over.addEventListener('click', ({ offsetX }) => {
            onPick?.(Math.max(0, plot.posToVal(offsetX, 'x')));
          }),
      ],
    },
  };
}

/** Where the run is, and the objective. */
function drawMarks(plot: uPlot, inks: Readonly<Record<Token, string>>, at: number | undefined, limit: SeriesData['limit']): void {
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
    const y = plot.valToPos(limit.value, 'y', true);
    line(bbox.left, y, bbox.left + bbox.width, y, inks.bad, [2, 4]);
    ctx.save();
    ctx.font = `${10 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.fillStyle = inks.bad;
    ctx.textAlign = 'right';
    ctx.textBaseline = 'bottom';
    // A rim keeps it legible on lines.
    ctx.lineWidth = 3 * devicePixelRatio;
    ctx.lineJoin = 'round';
    ctx.strokeStyle = inks.card;
    ctx.strokeText(limit.name, bbox.left + bbox.width, y - 1.5 * devicePixelRatio);
    ctx.fillText(limit.name, bbox.left + bbox.width, y - 1.5 * devicePixelRatio);
    ctx.restore();
  }
  if (at === undefined) return;
  const x = plot.valToPos(at, 'x', true);
  line(x, bbox.top, x, bbox.top + bbox.height, inks.quiet, [1, 3]);
}
