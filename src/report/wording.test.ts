import { expect, test } from 'vitest';
import { plain } from './wording.ts';

test('a rate that happens to be whole has the digits of those beside it; a count of things is written in full', () => {
  expect([87.84, 92, 0, 585, 61_440].map((rate) => plain(rate, 'req/s'))).toEqual(['87.8 req/s', '92.0 req/s', '0 req/s', '585 req/s', '61,440 req/s']);
  expect([8, 61_440].map((chips) => plain(chips, 'GPUs'))).toEqual(['8 GPUs', '61,440 GPUs']);
});
