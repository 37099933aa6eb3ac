import type { FittedCosts } from './fit-exchanges.ts';

const us = (value: number): string => `${(value * 1e6).toPrecision(4)} us`;

/** Constants of one operation as a line of YAML. */
export function costsText({ start, fill, rank, expert, token, element, near, far, floor }: FittedCosts): string {
  const parts = [
    `start: ${us(start)}`,
    `fill: ${(fill * 1e9).toPrecision(4)} ns`,
    `rank: ${us(rank)}`,
    `expert: ${us(expert)}`,
    `token: ${us(token)}`,
    `element: ${(element * 1e9).toPrecision(4)} ns`,
    `near: ${near.toPrecision(4)}`,
    ...(far === undefined ? [] : [`far: ${far.toPrecision(4)}`]),
    ...(floor === undefined ? [] : [`floor: ${us(floor)}`]),
  ];
  return `{ ${parts.join(', ')} }`;
}
