import type { JSX } from 'preact';
import { formatQuantity, significant } from '../../../src/base/quantity.ts';
import type { Die } from '../../../src/catalogue/chip.ts';
import type { StepData } from '../../../src/report/step/data.ts';
import { opened } from '../../state/run.ts';
import { categoryOf, colourOf } from './categories.ts';
import { stepText } from './text.ts';

const [width, height] = [420, 250];
const edge = { left: 52, right: 14, top: 20, bottom: 34 };
/** Operators below this part of the iteration are left out; so many are named. */
const worthADot = 0.002;
const named = 4;

/** Where operators stand against what the die computes and moves. */
export function Roofline({ step }: { readonly step: StepData }): JSX.Element | null {
  const text = stepText();
  const die = opened.value?.machine.chip.die;
  const bandwidth = die?.memory.bandwidth.value;
  const dots = step.operators
    .filter(({ ridge, time, exposed, flop }) => ridge > 0 && time > 0 && flop > 0 && exposed > worthADot * step.time)
    .map((operator) => ({ ...operator, rate: operator.flop / operator.time, share: operator.exposed / step.time }))
    .toSorted((a, b) => b.share - a.share);
  if (bandwidth === undefined || dots.length === 0) return null;
  const ridges = [...new Set(dots.map(({ ridge }) => ridge))].sort((a, b) => a - b);
  const peak = Math.max(...ridges) * bandwidth;
  const x = scale(
    Math.min(...dots.map(({ intensity }) => intensity), Math.min(...ridges) / 10) / 2,
    Math.max(...dots.map(({ intensity }) => intensity), ...ridges) * 3,
    edge.left,
    width - edge.right,
  );
  const y = scale(Math.min(...dots.map(({ rate }) => rate), peak / 30) / 2, peak * 1.6, height - edge.bottom, edge.top);
  return (
    <div class="card">
      <h2>{text.roofline}</h2>
      <p class="quiet small">{text.rooflineHint}</p>
      <svg
        class="roofline"
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={dots.map(({ name, intensity, rate }) => `${name}: ${significant(intensity)} flop/B, ${formatQuantity(rate, 'flop/s')}`).join('; ')}
      >
        {x.ticks.map((tick) => (
          <g key={`x${tick}`}>
            <line class="grid" x1={x.at(tick)} x2={x.at(tick)} y1={edge.top} y2={height - edge.bottom} />
            <text x={x.at(tick)} y={height - edge.bottom + 14} text-anchor="middle">
              {significant(tick)}
            </text>
          </g>
        ))}
        {y.ticks.map((tick) => (
          <g key={`y${tick}`}>
            <line class="grid" x1={edge.left} x2={width - edge.right} y1={y.at(tick)} y2={y.at(tick)} />
            <text x={edge.left - 6} y={y.at(tick) + 4} text-anchor="end">
              {formatQuantity(tick, '').replace(' ', '')}
            </text>
          </g>
        ))}
        {ridges.map((ridge) => (
          <polyline
            key={ridge}
            class="roof"
            points={[
              [x.from, x.from * bandwidth],
              [ridge, ridge * bandwidth],
              [x.to, ridge * bandwidth],
            ]
              .map(([at = 1, rate = 1]) => `${x.at(at)},${Math.min(y.at(rate), height - edge.bottom + 40)}`)
              .join(' ')}
          />
        ))}
        {ridges.map((ridge) => (
          <text key={ridge} x={width - edge.right} y={y.at(ridge * bandwidth) - 4} text-anchor="end">
            {formatsAt(die, ridge * bandwidth).join(', ')}
          </text>
        ))}
        {dots.toReversed().map(({ name, group, intensity, rate, share, stage }) => (
          <circle key={`${group} ${name}`} cx={x.at(intensity)} cy={y.at(rate)} r={radius(share)} fill={colourOf[categoryOf(stage)]}>
            <title>{`${name} (${group}): ${significant(intensity)} flop/B, ${formatQuantity(rate, 'flop/s')}, ${(share * 100).toFixed(1)} %`}</title>
          </circle>
        ))}
        {labelsOf(dots, x, y).map(({ name, left, top, end }) => (
          <text key={name} class="name" x={left} y={top} text-anchor={end ? 'end' : 'start'}>
            {name}
          </text>
        ))}
        <text x={width - edge.right} y={height - 4} text-anchor="end">
          {text.intensity}
        </text>
        <text x={4} y={10}>
          {text.rate}
        </text>
      </svg>
    </div>
  );
}

/** Formats that a die multiplies at a rate: what its roof is called. [flop/s] */
function formatsAt(die: Die | undefined, rate: number): readonly string[] {
  return Object.entries(die?.matrix.peaks ?? {}).flatMap(([format, peak]) =>
    peak !== undefined && Math.abs(peak.peak.value / rate - 1) < 1e-9 ? [format] : [],
  );
}

interface Label {
  readonly name: string;
  readonly left: number;
  readonly top: number;
  readonly end: boolean;
}

/** Names of the largest operators, where there is room for them. */
function labelsOf(
  dots: readonly { readonly name: string; readonly intensity: number; readonly rate: number; readonly share: number }[],
  x: Scale,
  y: Scale,
): readonly Label[] {
  const labels: Label[] = [];
  for (const { name, intensity, rate, share } of dots) {
    const end = x.at(intensity) > width * 0.6;
    const away = 4 + radius(share);
    const [left, top] = [x.at(intensity) + (end ? -away : away), y.at(rate) + 4];
    if (labels.length < named && labels.every((other) => other.name !== name && Math.abs(other.top - top) > 13)) labels.push({ name, left, top, end });
  }
  return labels;
}

function radius(share: number): number {
  return 3 + 16 * Math.sqrt(share);
}

interface Scale {
  readonly from: number;
  readonly to: number;
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

/** Ticks at powers of ten, and between them where there are few. */
function scale(from: number, to: number, start: number, end: number): Scale {
  const [low, high] = [Math.log10(from), Math.log10(to)];
  const at = (value: number): number => start + ((Math.log10(value) - low) / (high - low)) * (end - start);
  const decades = Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_, i) => Math.floor(low) + i);
  const within = (steps: readonly number[]): readonly number[] =>
    decades.flatMap((decade) => steps.map((step) => Number(`${step}e${decade}`))).filter((tick) => tick >= from && tick <= to);
  const tens = within([1]);
  const ticks = tens.length < 3 ? within([1, 3]) : tens;
  return { from, to, at, ticks };
}
