import * as z from 'zod';
import { figureKinds, type Figure, type FigureKind } from '../src/catalogue/figure.ts';
import { numberFormats } from '../src/catalogue/format.ts';
import {
  collectiveAlgorithms,
  collectiveOperations,
  exchangeCopies,
  exchangeKernels,
  exchangePlanes,
  type CollectiveWay,
  type Exchange,
  type ExchangeCosts,
  type Library,
} from '../src/catalogue/library.ts';
import { quantity } from './figure.ts';
import { count, found, listOf, oneOf, read, record, text } from './read.ts';

const share = z.number({ error: (issue) => `expected a share above 0, got ${found(issue.input)}` }).positive();

/** Where the constants of one entry come from, and how far they are off the rows behind them and others. */
const origin = {
  generations: listOf(text('a generation of chips'), 1).optional(),
  kind: oneOf(figureKinds),
  source: text('the source of the figures'),
  error: text('how far off they are').optional(),
};

const way = record({
  algorithm: oneOf(collectiveAlgorithms),
  protocol: text('the name of a protocol').optional(),
  ranks: z.tuple([count(2), count(2)]).optional(),
  above: quantity('bytes', true).optional(),
  'up-to': quantity('bytes').optional(),
  start: quantity('time', true),
  step: quantity('time', true),
  efficiency: share.lte(1),
  local: quantity('bandwidth').optional(),
});

const collective = record({ ...origin, latency: quantity('time'), port: quantity('bandwidth'), operation: oneOf(collectiveOperations), ways: listOf(way, 1) });

const costs = record({
  start: quantity('time', true),
  fill: quantity('time', true),
  rank: quantity('time', true),
  expert: quantity('time', true),
  token: quantity('time', true),
  element: quantity('time', true),
  near: share.lte(1),
  far: share.lte(1).optional(),
  floor: quantity('time').optional(),
});

const exchange = record({
  ...origin,
  name: text('the name of the kernel'),
  kernel: oneOf(exchangeKernels),
  plane: oneOf(exchangePlanes),
  copies: oneOf(exchangeCopies),
  'scale-bytes': count(0),
  hidden: count(),
  'combine-format': oneOf(numberFormats),
  cores: count().optional(),
  measured: record({ ranks: z.tuple([count(2), count(2)]), tokens: z.tuple([count(), count()]), experts: count(), port: quantity('bandwidth') }),
  dispatch: costs,
  combine: costs,
});

const library = record({
  name: text('the name of the library'),
  title: text('a title'),
  collectives: listOf(collective).default([]),
  exchanges: listOf(exchange).default([]),
  notes: listOf(text('a note')).default([]),
});

function figured(value: number, kind: FigureKind, source: string): Figure {
  return { value, kind, source };
}

/**
 * A communication library from the content of its file. `path` names the file in errors.
 * @throws InputError with every problem.
 */
export function readLibrary(value: unknown, path: string): Library {
  const { name, title, collectives, exchanges } = read(library, value, path);
  return {
    name,
    title,
    collectives: collectives.flatMap(({ ways, operation, generations, latency, port, kind, source }) =>
      ways.map((entry): CollectiveWay => ({
        library: name,
        generations,
        operation,
        latency,
        port,
        algorithm: entry.algorithm,
        protocol: entry.protocol,
        ranks: entry.ranks,
        above: entry.above ?? 0,
        upTo: entry['up-to'] ?? Infinity,
        start: figured(entry.start, kind, source),
        step: figured(entry.step, kind, source),
        efficiency: figured(entry.efficiency, kind, source),
        local: entry.local === undefined ? undefined : figured(entry.local, kind, source),
      })),
    ),
    exchanges: exchanges.map((entry): Exchange => ({
      library: name,
      name: entry.name,
      generations: entry.generations,
      kernel: entry.kernel,
      plane: entry.plane,
      copies: entry.copies,
      scaleBytes: entry['scale-bytes'],
      hidden: entry.hidden,
      combineFormat: entry['combine-format'],
      cores: entry.cores,
      measured: entry.measured,
      dispatch: costsOf(entry.dispatch, entry),
      combine: costsOf(entry.combine, entry),
    })),
  };
}

function costsOf(written: z.infer<typeof costs>, { kind, source }: { readonly kind: FigureKind; readonly source: string }): ExchangeCosts {
  const { far, floor } = written;
  return {
    start: figured(written.start, kind, source),
    fill: figured(written.fill, kind, source),
    rank: figured(written.rank, kind, source),
    expert: figured(written.expert, kind, source),
    token: figured(written.token, kind, source),
    element: figured(written.element, kind, source),
    near: figured(written.near, kind, source),
    far: far === undefined ? undefined : figured(far, kind, source),
    floor: floor === undefined ? undefined : figured(floor, kind, source),
  };
}
