import { formatQuantity, formatTime, significant } from '../../src/base/quantity.ts';
import type { StepConstant } from '../../src/cost/constants.ts';
import { wrapped } from './wrapped.ts';

/** Every constant on the path of a step, the assumed ones with the most effect first, then the others. */
export function constantsText(constants: readonly StepConstant[]): string[] {
  const effect = ({ more, less }: StepConstant): number => Math.max(Math.abs(more), Math.abs(less));
  const sorted = (kinds: readonly StepConstant['kind'][]): StepConstant[] =>
    constants.filter(({ kind }) => kinds.includes(kind)).sort((a, b) => effect(b) - effect(a));
  const assumed = sorted(['assumed']);
  const others = sorted(['sheet', 'measured', 'fitted']);
  return [
    '',
    `constants on the path of this step: ${constants.length}, of which ${assumed.length} are assumed; each with the step at +20 % and at -20 % of it`,
    ...[...assumed, ...others].flatMap(({ name, value, unit, kind, source, more, less }) => [
      ...wrapped(`${name} = ${valueText(value, unit)} [${kind}]  ${percent(more)} / ${percent(less)}`).map((line, i) => `  ${i === 0 ? '' : '  '}${line}`),
      ...wrapped(source).map((line) => `      ${line}`),
    ]),
  ];
}

function valueText(value: number, unit: string): string {
  if (unit === '') return significant(value, 4);
  return unit === 's' ? formatTime(value, 4) : formatQuantity(value, unit, 4);
}

function percent(change: number): string {
  const points = change * 100;
  return Math.abs(points) < 0.005 ? '0 %' : `${points > 0 ? '+' : ''}${points.toFixed(2)} %`;
}
