import { useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { formatQuantity, significant } from '../../../src/base/quantity.ts';
import type { Summary } from '../../../src/report/summary.ts';
import { show } from '../../parts/plot/show.ts';
import { colourOf, letterOf } from './colours.ts';
import { metricOf, type Drawn } from './metrics.ts';
import { entries, type Entry } from './state.ts';
import { compareText } from './text.ts';

const panels = ['chip', 'dollar', 'megawatt'] as const;
type Panel = (typeof panels)[number];

interface Point {
  readonly entry: number;
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly own: boolean;
}

/** tok/s for each user against tok/s per chip, per dollar and per megawatt. */
export function Pareto(): JSX.Element {
  const text = compareText();
  const shown = panels.filter((panel) => entries.value.some((entry) => pointsOf([entry], panel).length > 0));
  return (
    <section class="card">
      <h2>{text.pareto}</h2>
      <p class="quiet small">{text.paretoAbout}</p>
      <div class="multiples">
        {shown.map((panel) => (
          <Chart key={panel} panel={panel} />
        ))}
      </div>
    </section>
  );
}

function Chart({ panel }: { readonly panel: Panel }): JSX.Element {
  const text = compareText();
  const place = useRef<HTMLDivElement>(null);
  useSignalEffect(() => {
    const list = entries.value;
    const element = place.current;
    if (element === null) return;
    const label = compareText().axisUser;
    void draw(element, list, panel, label);
  });
  const said = pointsOf(entries.value, panel)
    .filter(({ own }) => own)
    .map(({ name, x, y }) => `${name}: ${significant(x)} ${text.axisUser}, ${short(y)} ${text.panels[panel]}`);
  return (
    <figure class="multiple">
      <figcaption>{text.panels[panel]}</figcaption>
      <div ref={place} class="plot" role="img" aria-label={said.join('; ')} />
    </figure>
  );
}

/** The library comes when there is something to draw; what has changed meanwhile is drawn by the one that saw it. */
async function draw(element: HTMLElement, list: readonly Entry[], panel: Panel, label: string): Promise<void> {
  const Plot = await import('@observablehq/plot');
  if (entries.peek() !== list) return;
  const points = pointsOf(list, panel);
  const crosses = crossesOf(list, panel);
  const colour = { type: 'categorical' as const, domain: list.map((_, i) => i), range: list.map((_, i) => colourOf(i)) };
  const chart = Plot.plot({
    width: Math.max(260, element.clientWidth),
    height: 260,
    marginLeft: 50,
    marginBottom: 36,
    style: { background: 'transparent', fontSize: '11px', fontFamily: 'inherit', overflow: 'visible' },
    x: { label, zero: true, nice: true, ticks: 5, labelArrow: 'none' },
    y: { label: null, zero: true, nice: true, ticks: 5, tickFormat: (value: number) => short(value) },
    color: colour,
    marks: [
      Plot.gridY({ strokeOpacity: 0.12 }),
      Plot.link(crosses, { x1: 'x1', x2: 'x2', y1: 'y', y2: 'y', stroke: 'entry', strokeOpacity: 0.45, strokeWidth: 2 }),
      Plot.link(crosses, { x1: 'x', x2: 'x', y1: 'y1', y2: 'y2', stroke: 'entry', strokeOpacity: 0.45, strokeWidth: 2 }),
      Plot.line(points, { x: 'x', y: 'y', z: 'entry', stroke: 'entry', strokeWidth: 1.6, curve: 'monotone-y' }),
      Plot.dot(points, { x: 'x', y: 'y', fill: 'entry', r: (point: Point) => (point.own ? 5 : 2.5) }),
      Plot.text(
        points.filter(({ own }) => own),
        { x: 'x', y: 'y', text: ({ entry }: Point) => letterOf(entry), fill: 'entry', dx: 10, dy: -8, fontWeight: 600, fontSize: 12 },
      ),
      Plot.tip(points, Plot.pointer({ x: 'x', y: 'y', title: (point: Point) => `${point.name}\n${significant(point.x)} ${label}\n${significant(point.y)}` })),
    ],
  });
  show(element, chart);
}

function short(value: number): string {
  return value >= 10_000 ? formatQuantity(value, '').replace(' ', '') : significant(value);
}

function pair(summary: Summary, panel: Panel): { readonly x: Drawn; readonly y: Drawn } | undefined {
  const [x, y] = [metricOf(summary, 'user'), metricOf(summary, panel)];
  return x === undefined || y === undefined ? undefined : { x, y };
}

function pointsOf(list: readonly Entry[], panel: Panel): readonly Point[] {
  return list.flatMap(({ state, curve, summary }, entry) =>
    curve.flatMap((one): readonly Point[] => {
      const at = pair(one, panel);
      return at === undefined ? [] : [{ entry, name: state.name, x: at.x.value, y: at.y.value, own: one === summary }];
    }),
  );
}

interface Cross {
  readonly entry: number;
  readonly x: number;
  readonly y: number;
  readonly x1: number;
  readonly x2: number;
  readonly y1: number;
  readonly y2: number;
}

function crossesOf(list: readonly Entry[], panel: Panel): readonly Cross[] {
  return list.flatMap(({ summary }, entry): readonly Cross[] => {
    const at = summary === undefined ? undefined : pair(summary, panel);
    if (at?.x.low === undefined || at.x.high === undefined || at.y.low === undefined || at.y.high === undefined) return [];
    return [{ entry, x: at.x.value, y: at.y.value, x1: at.x.low, x2: at.x.high, y1: at.y.low, y2: at.y.high }];
  });
}
