import type { Doubt } from '../../src/base/doubt.ts';
import { formatQuantity, formatTime } from '../../src/base/quantity.ts';
import type { CollectiveOption } from '../../src/network/collective-options.ts';
import type { Group } from '../../src/network/group.ts';
import type { CollectiveQuestion, Network } from '../../schema/network.ts';
import { table } from '../table.ts';
import { leftText, type PlaneLeft } from './left.ts';

/** A collective that was priced. */
export interface CollectiveAnswer {
  readonly group: Group;
  /** Share of the rate of each plane that faults leave. */
  readonly left: readonly PlaneLeft[];
  readonly parts: readonly (readonly CollectiveOption[])[];
  readonly doubts: readonly Doubt[];
}

const bytes = (value: number): string => formatQuantity(value, 'B', 4);

/** Where the time of a collective goes, and the ways that were not taken. */
export function showCollective({ machine, faults }: Network, question: CollectiveQuestion, { group, left, parts, doubts }: CollectiveAnswer): string {
  const time = parts.reduce((sum, [first]) => sum + (first?.time ?? 0), 0);
  const others = (group.ranks - 1) / group.ranks;
  const bus = (question.bytes * others * (question.operation === 'all-reduce' ? 2 : 1)) / time;
  const where = group.inner < group.ranks ? `${Math.ceil(group.ranks / group.inner)} domains of ${group.inner}` : `over ${group.plane?.name ?? ''}`;
  return [
    `${machine.title}: ${question.operation} of ${bytes(question.bytes)} over ${group.ranks} dies, ${where}`,
    ...(faults.length === 0 ? [] : [`Faults: ${faults.join('; ')}`, ...leftText(left)]),
    '',
    `${formatTime(time, 4)}, bus bandwidth ${formatQuantity(bus, 'B/s', 4)}`,
    ...parts.flatMap((options) => ['', partOf(options, parts.length > 1)]),
    ...doubts.map(({ message }) => `\nDoubt: ${message}`),
  ].join('\n');
}

function partOf(options: readonly CollectiveOption[], named: boolean): string {
  const [first] = options;
  const levelled = options.some((option) => option.levelled !== 0);
  const rows = options.map((option, i) => [
    i === 0 ? '→' : '',
    wayName(option),
    formatTime(option.start),
    `${option.steps}`,
    bytes(option.bytes),
    formatQuantity(option.bandwidth, 'B/s', 4),
    formatTime(option.moving),
    option.copying === 0 ? '–' : formatTime(option.copying),
    ...(levelled ? [levelledText(option.levelled)] : []),
    formatTime(option.time, 4),
    i === 0 ? '' : option.inRange ? '' : 'not at this size',
  ]);
  const head = ['', 'way', 'start and steps', 'steps', 'through a port', 'at', 'bytes', 'copies', ...(levelled ? ['levelled'] : []), 'time', ''];
  const right = 'right' as const;
  const title = named && first !== undefined ? [`${first.operation} over ${first.ranks}, ${first.plane.name}: ${formatTime(first.time, 4)}`] : [];
  return [...title, table(head, rows, { indent: 2, align: ['left', 'left', ...head.slice(3).map(() => right), 'left'] })].join('\n');
}

function levelledText(time: number): string {
  return time === 0 ? '–' : `${time > 0 ? '+' : '−'}${formatTime(Math.abs(time))}`;
}

function wayName({ library, algorithm, protocol }: CollectiveOption): string {
  return [library === algorithm ? algorithm : `${library}, ${algorithm}`, ...(protocol === undefined ? [] : [protocol])].join(' ');
}
