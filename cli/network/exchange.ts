import { formatQuantity, formatTime } from '../../src/base/quantity.ts';
import type { ExchangeKernel, ExchangeOperation } from '../../src/catalogue/library.ts';
import type { ExchangeModel } from '../../src/network/exchange.ts';
import type { ExchangeQuestion, Network } from '../../schema/network.ts';
import { table } from '../table.ts';
import { leftText, type PlaneLeft } from './left.ts';

/** The models of a group, one for each kind of kernel. */
export interface ExchangeAnswer {
  readonly left: readonly PlaneLeft[];
  readonly models: readonly { readonly kernel: ExchangeKernel; readonly model: ExchangeModel }[];
}

const bytes = (value: number): string => formatQuantity(value, 'B', 4);

/** Where the time of a dispatch or a combine goes, by kernel, the quicker first. */
export function showExchange({ machine, faults }: Network, { operations, ranks, load }: ExchangeQuestion, { left, models }: ExchangeAnswer): string {
  const title = `${machine.title}: ${operations.join(' and ')} over EP${ranks}, ${load.tokens} tokens of a die to ${load.fanout} experts each, ${load.hidden} elements, ${load.format}`;
  return [
    title,
    ...(faults.length === 0 ? [] : [`Faults: ${faults.join('; ')}`, ...leftText(left)]),
    ...operations.flatMap((operation) => ['', partOf(operation, load, models)]),
    ...[
      ...new Set(
        models.flatMap(({ model }) => [...model.doubts, ...operations.flatMap((operation) => model.loadDoubts(operation, load))].map(({ message }) => message)),
      ),
    ].map((message) => `\nDoubt: ${message}`),
  ].join('\n');
}

function partOf(operation: ExchangeOperation, load: ExchangeQuestion['load'], models: ExchangeAnswer['models']): string {
  const priced = models
    .map(({ kernel, model }) => ({ kernel, model, parts: model.parts(operation, load), sent: model.bytes(operation, load) }))
    // Kernels that were measured with about so many tokens come first.
    .map((one) => ({ ...one, doubtful: one.model.loadDoubts(operation, load).length > 0 }))
    .toSorted((a, b) => Number(a.doubtful) - Number(b.doubtful) || a.parts.time - b.parts.time);
  const [best] = priced;
  if (best === undefined) return '';
  const twoPlanes = best.model.plane === 'scale-out' && best.model.kernel !== undefined;
  const rows = priced.map(({ kernel, model, parts, sent, doubtful }, i) => [
    i === 0 ? '→' : '',
    model.kernel === undefined ? `any (${kernel})` : `${model.kernel.library}, ${model.kernel.name}`,
    formatTime(parts.start),
    formatTime(parts.ranks + parts.experts),
    formatTime(parts.cores),
    formatTime(parts.near),
    formatTime(parts.far),
    formatTime(parts.time, 4),
    bytes(sent),
    formatQuantity(sent / parts.time, 'B/s', 4),
    doubtful ? 'not measured at this size' : '',
  ]);
  const right = 'right' as const;
  return [
    `${operation}: ${formatTime(best.parts.time, 4)} over ${best.model.plane}${twoPlanes ? '; links in the node and beyond it work at the same time' : ''}`,
    table(['', 'kernel', 'start', 'ranks, experts', 'tokens on cores', 'in the node', 'beyond', 'time', 'rows sent', 'logical', ''], rows, {
      indent: 2,
      align: ['left', 'left', right, right, right, right, right, right, right, right, 'left'],
    }),
  ].join('\n');
}
