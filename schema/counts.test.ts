import { expect, test } from 'vitest';
import { overInstance, parseCount } from './counts.ts';

const instance = { dies: 320, chips: 160, ranks: 320, nodes: 20 };

test.each([
  ['96/npu', 15_360],
  ['96/gpu', 15_360],
  ['96 / chip', 15_360],
  ['48/die', 15_360],
  ['48/rank', 15_360],
  ['768/node', 15_360],
  ['15,360/instance', 15_360],
  ['1.5/npu', 240],
])('%s is %i over the instance', (text, total) => {
  const { count, problem } = parseCount(text);
  expect(problem).toBeUndefined();
  expect(count === undefined ? undefined : overInstance(count, instance)).toBe(total);
});

test.each([
  ['96', /says what it is per, such as "96\/npu", "96\/die"/],
  ['96/', /expected one of npu/],
  ['96/nup', /did you mean "npu"/],
  ['0/npu', /above zero/],
  ['-1/npu', /above zero/],
  ['', /such as "96\/npu", got ""/],
  ['many/npu', /such as "96\/npu"/],
])('"%s" is refused', (text, message) => {
  expect(parseCount(text).problem).toMatch(message);
});
