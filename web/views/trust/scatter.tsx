import { useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { errorText } from '../../../src/ledger/report.ts';
import { measureText, type Unit } from '../../../src/ledger/measure.ts';
import { show } from '../../parts/plot/show.ts';
import { setViewState } from '../../state/view-state.ts';
import { predictedOf, within, type TrustCase } from './ledger.ts';
import { chosen, found, kind, unit } from './state.ts';
import { trustText } from './text.ts';

const band = 0.1;

/** Both figures on logarithmic axes; gains on plain ones, for they may be below nothing. */
export function Scatter(): JSX.Element {
  const text = trustText();
  const place = useRef<HTMLDivElement>(null);
  useSignalEffect(() => {
    const [cases, of, one] = [found.value.filter((other) => other.unit === unit.value), unit.value, chosen.value];
    const { measured, predicted } = trustText();
    const element = place.current;
    if (element === null) return;
    void draw(element, { cases, of, one, measured, predicted });
  });
  return <div ref={place} class="plot square" role="img" aria-label={text.chart(text.kinds[kind.value])} />;
}

interface Drawing {
  readonly cases: readonly TrustCase[];
  readonly of: Unit;
  readonly one: TrustCase | undefined;
  readonly measured: string;
  readonly predicted: string;
}

async function draw(element: HTMLElement, { cases, of, one, measured, predicted }: Drawing): Promise<void> {
  const Plot = await import('@observablehq/plot');
  if (unit.peek() !== of) return;
  const values = cases.flatMap((other) => [other.measured, predictedOf(other)]);
  if (values.length === 0) {
    element.replaceChildren();
    return;
  }
  const gains = of === '%';
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const domain = gains ? [Math.min(0, low) - 0.05, high + 0.05] : [low / 1.4, high * 1.4];
  const [from = 0, to = 1] = domain;
  const width = Math.min(640, Math.max(280, element.clientWidth));
  const scale = {
    type: gains ? ('linear' as const) : ('log' as const),
    domain,
    tickFormat: (value: number) => measureText(value, of),
    ticks: 5,
    labelArrow: 'none' as const,
  };
  const edges = [from, to];
  const chart = Plot.plot({
    width,
    height: width * 0.82,
    marginLeft: 84,
    marginBottom: 40,
    style: { background: 'transparent', fontSize: '11px', fontFamily: 'inherit' },
    x: { ...scale, label: measured },
    y: { ...scale, label: predicted },
    marks: [
      Plot.gridX({ strokeOpacity: 0.1, ticks: 5 }),
      Plot.gridY({ strokeOpacity: 0.1, ticks: 5 }),
      Plot.areaY(edges, {
        x: (edge: number) => edge,
        y1: (edge: number) => (gains ? edge - band : edge * (1 - band)),
        y2: (edge: number) => (gains ? edge + band : edge * (1 + band)),
        fill: 'var(--track)',
        fillOpacity: 0.8,
        clip: true,
      }),
      Plot.line(edges, { x: (edge: number) => edge, y: (edge: number) => edge, stroke: 'var(--quiet)', strokeDasharray: '3 3' }),
      Plot.link(
        cases.filter(({ interval }) => interval !== undefined),
        {
          x1: 'measured',
          x2: 'measured',
          y1: (other: TrustCase) => (other.interval?.[0] ?? 1) * predictedOf(other),
          y2: (other: TrustCase) => (other.interval?.[1] ?? 1) * predictedOf(other),
          stroke: (other: TrustCase) => colourOf(other),
          strokeOpacity: 0.22,
          clip: true,
        },
      ),
      Plot.dot(cases, { x: 'measured', y: predictedOf, fill: (other: TrustCase) => colourOf(other), fillOpacity: 0.75, r: 3.4 }),
      ...(one === undefined || !cases.includes(one) ? [] : [Plot.dot([one], { x: 'measured', y: predictedOf, stroke: 'var(--ink)', strokeWidth: 2, r: 7 })]),
      Plot.tip(
        cases,
        Plot.pointer({
          x: 'measured',
          y: predictedOf,
          fill: 'var(--card)',
          stroke: 'var(--rule)',
          title: (other: TrustCase) =>
            `${other.title}\n${measureText(other.measured, of)} ${measured}, ${measureText(predictedOf(other), of)} ${predicted}\n${errorText(other.error, of)}`,
        }),
      ),
    ],
  });
  // Plot keeps what the pointer is at as the value of the chart.
  chart.addEventListener('click', () => {
    const at = (chart as unknown as { readonly value: TrustCase | null }).value;
    if (at !== null) setViewState('case', at.id);
  });
  show(element, chart);
}

function colourOf(one: TrustCase): string {
  return within(one) ? 'var(--line-1)' : 'var(--line-2)';
}
