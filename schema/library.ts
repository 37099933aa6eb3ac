import * as z from 'zod';
import { figureKinds, type Figure, type FigureKind } from '../src/catalogue/figure.ts';
import { collectiveAlgorithms, collectiveOperations, type CollectiveWay, type Library } from '../src/catalogue/library.ts';
import { quantity } from './figure.ts';
import { count, found, listOf, oneOf, read, record, text } from './read.ts';

const share = z.number({ error: (issue) => `expected a share above 0, got ${found(issue.input)}` }).positive();

/** Where the constants of one entry come from, and how far they are off the rows behind them and others. */
const origin = {
  generations: listOf(text('a generation of chips'), 1).optional(),
  latency: quantity('time'),
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

const collective = record({ ...origin, operation: oneOf(collectiveOperations), ways: listOf(way, 1) });

const library = record({
  name: text('the name of the library'),
  title: text('a title'),
  collectives: listOf(collective).default([]),
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
  const { name, title, collectives } = read(library, value, path);
  return {
    name,
    title,
    collectives: collectives.flatMap(({ ways, operation, generations, latency, kind, source }) =>
      ways.map((entry): CollectiveWay => ({
        library: name,
        generations,
        operation,
        latency,
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
  };
}
