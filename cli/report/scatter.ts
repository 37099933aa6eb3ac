import * as Plot from '@observablehq/plot';
import { formatQuantity } from '../../src/base/quantity.ts';
import type { ScatterChart } from '../../src/report/block.ts';
import { drawn, figure, series } from './charts.ts';
import type { Markup } from './markup.ts';

const size = 380;

/** Measured against predicted on logarithmic axes, with the diagonal and the lines of a tenth more and less. */
export function scatterFigure({ caption, unit, points }: ScatterChart): Markup {
  const values = points.flatMap(({ x, y }) => [x, y]).filter((value) => value > 0);
  const [low, high] = [Math.min(...values) * 0.8, Math.max(...values) * 1.25];
  const names = [...new Set(points.map((point) => point.series))];
  const line = (factor: number, dash?: string): Plot.Markish =>
    Plot.line(
      [
        [low, low * factor],
        [high, high * factor],
      ],
      { stroke: 'currentColor', strokeOpacity: 0.5, clip: true, ...(dash === undefined ? {} : { strokeDasharray: dash }) },
    );
  const axis = {
    type: 'log' as const,
    domain: [low, high],
    labelArrow: 'none' as const,
    grid: true,
    ticks: 5,
    // The unit stands beside the axis; that of a time has its prefix on it.
    tickFormat: (value: number) => tick(value, unit === 's' ? unit : ''),
  };
  const plot = drawn({
    ariaLabel: `${caption}: predicted against measured`,
    height: size,
    marginLeft: 64,
    x: { ...axis, label: `measured${unit === '' ? '' : ` (${unit})`}`, labelAnchor: 'center' },
    y: { ...axis, label: `predicted${unit === '' ? '' : ` (${unit})`}` },
    marks: [
      line(1),
      line(1.1, '2 3'),
      line(1 / 1.1, '2 3'),
      Plot.dot(points, {
        x: 'x',
        y: 'y',
        r: 3,
        stroke: (point: ScatterChart['points'][number]) => series[names.indexOf(point.series) % series.length] ?? 'currentColor',
        title: (point: ScatterChart['points'][number]) => `${point.label}: measured ${tick(point.x, unit)}, predicted ${tick(point.y, unit)}`,
      }),
    ],
  });
  return figure(caption, names, 'agreement; a tenth more, a tenth less', plot);
}

function tick(value: number, unit: string): string {
  return formatQuantity(value, unit, 2).trim();
}
