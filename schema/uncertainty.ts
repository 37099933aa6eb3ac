import * as z from 'zod';
import { figureKinds } from '../src/catalogue/figure.ts';
import type { Spread, Uncertainty } from '../src/catalogue/uncertainty.ts';
import { quantity } from './figure.ts';
import { flag, found, listOf, oneOf, read, record, text } from './read.ts';

const size = z.number({ error: (issue) => `expected a number of at least 0, got ${found(issue.input)}` }).min(0);
const spread = z
  .tuple([size, size, size], { error: (issue) => `expected [median, 90 %, 99 %], got ${found(issue.input)}` })
  .refine(([median, p90, p99]) => median <= p90 && p90 <= p99, { error: 'expected quantiles that do not fall' })
  .transform(([median, p90, p99]): Spread => ({ median, p90, p99 }));
const sourced = { kind: oneOf(figureKinds), source: text('the source of the spread') };
const shared = { together: spread, apart: spread, ...sourced };
const classes = listOf(text('a class of operators'), 1);
const formats = listOf(text('a format of cells, such as fp8-block'), 1);
const spreads = listOf(record({ classes: classes.optional(), vendor: flag().optional(), ...shared }), 1).refine(
  (entries) => entries.some(({ classes: some, vendor }) => some === undefined && vendor !== true),
  { error: 'expected a last entry without classes, for all others' },
);
const condition = record({ spread, ...sourced }).transform(({ spread: own, ...rest }) => ({ ...own, ...rest }));

const uncertainty = record({
  common: record({
    share: z
      .number({ error: (issue) => `expected a share from 0 to 1, got ${found(issue.input)}` })
      .min(0)
      .max(1),
    ...sourced,
  }),
  'vendor-kernels': listOf(record({ stacks: listOf(text('a stack'), 1), classes, formats, source: text('where that is said') })),
  checks: listOf(
    record({
      chip: text('a chip'),
      stack: text('a stack'),
      class: text('a class of operators'),
      format: text('a format of cells'),
      from: quantity('time'),
      spread,
      ...sourced,
    }).transform(({ spread: own, ...rest }) => ({ ...own, ...rest })),
  ),
  releases: spreads,
  'stand-ins': record({ chip: spreads, stack: spreads, format: spreads, kernel: spreads, 'chip-and-stack': spreads }),
  rates: listOf(record({ measured: flag(), classes: classes.optional(), from: quantity('time').optional(), ...shared }), 1),
  links: record({ collective: record(shared), 'collective-elsewhere': record(shared), exchange: record(shared) }),
  conditions: record({
    skew: condition,
    drift: condition,
    host: condition,
    cores: condition,
    bandwidth: condition,
    acceptance: condition,
    power: condition,
    activity: condition,
    price: condition,
  }),
}).transform(({ 'stand-ins': standIns, 'vendor-kernels': vendorKernels, ...rest }) => ({ ...rest, standIns, vendorKernels }));

/**
 * What is not known, from the content of data/uncertainty.yaml. `path` names the file in errors.
 * @throws InputError with every problem.
 */
export function readUncertainty(value: unknown, path: string): Uncertainty {
  return read<Uncertainty>(uncertainty, value, path);
}
