import { significant } from '../../src/base/quantity.ts';
import type { StepExplanation } from '../../src/cost/explain.ts';
import { table } from '../table.ts';

const worthARow = 0.02;
const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

/** Where the main operators stand against the ridge of the data sheet, and what they reach of its two sides. */
export function rooflineText({ operators, time }: StepExplanation): string[] {
  const main = operators.filter(({ ridge, launches, time: one }) => ridge > 0 && launches * one > worthARow * time);
  if (main.length === 0) return [];
  const rows = main.map(({ group, name, intensity, ridge, flop, bytes, time: one, bound }) => [
    `${name} (${group})`,
    significant(intensity),
    significant(ridge),
    intensity > ridge ? 'past the ridge' : 'below the ridge',
    bound,
    `${significant(flop / one / 1e12)} Tflop/s`,
    `${significant(bytes / one / 1e9)} GB/s`,
  ]);
  return [
    `roofline of what runs for more than ${percent(worthARow)} of the step, on the share of the die that its stream has`,
    table(['operator', 'flop/B', 'ridge', '', 'bound by', 'computes', 'moves'], rows, {
      align: ['left', 'right', 'right', 'left', 'left', 'right', 'right'],
      indent: 2,
    }),
    '',
  ];
}
