import { expectedOneOf } from '../../base/nearest.ts';
import { chipCount, dieCount, type Machine } from '../../catalogue/machine.ts';
import type { Fabric, Vertex } from './fabric.ts';
import type { Fault } from './faults.ts';

/** An end of a path as users name it: dies, CPUs, a node or a switch chip. */
export interface End {
  readonly kind: 'die' | 'chip' | 'cpu' | 'node' | 'switch';
  readonly index: number;
  /** Level of a switch. */
  readonly level?: string | undefined;
  /** As it was typed. */
  readonly text: string;
}

/** Either what was asked for, or what is wrong with it. */
export type Parsed<T> = { readonly value: T; readonly problem?: undefined } | { readonly value?: undefined; readonly problem: string };

const generic = ['chip', 'package', 'card', 'npu', 'gpu'];

/** `die 17`, `npu 8`, `cpu 3`, `node 2`, `switch l1 3.2` or `l1 23`: of the machine's own planes. */
export function parseEnd(machine: Machine, fabrics: readonly Fabric[], typed: string): Parsed<End> {
  const [, word = '', group, place] = /^\s*(?:switch\s+)?([a-z][\w-]*?)\s*#?\s*(\d+)(?:\.(\d+))?\s*$/i.exec(typed) ?? [];
  const noun = word.toLowerCase();
  const levels = fabrics.flatMap(({ plane }) => plane.levels.map(({ name }) => name));
  const names = ['die', machine.chip.word.toLowerCase(), 'cpu', 'node', ...levels.map((name) => name.toLowerCase())];
  if (group === undefined)
    return { problem: `expected a name and a number, such as "die 17", "${machine.chip.word.toLowerCase()} 8", "cpu 3" or "node 2", got "${typed}"` };
  const within = (kind: End['kind'], count: number): Parsed<End> => {
    const index = Number(group);
    if (place !== undefined) return { problem: `expected one number after ${noun}, got "${typed}"` };
    if (index >= count)
      return { problem: count === 0 ? `${machine.name} has no ${noun}` : `expected ${noun} 0 to ${count - 1} of ${machine.name}, got "${typed}"` };
    return { value: { kind, index, text: typed.trim() } };
  };
  if (noun === 'die') return within('die', dieCount(machine));
  if (noun === machine.chip.word.toLowerCase() || generic.includes(noun)) return within('chip', chipCount(machine));
  if (noun === 'cpu' || noun === 'socket') return within('cpu', machine.nodes * machine.node.cpus);
  if (noun === 'node' || noun === 'tray') return within('node', machine.nodes);
  for (const { vertices } of fabrics) {
    const switches = vertices.filter((vertex) => vertex.name?.toLowerCase() === noun);
    if (switches.length === 0) continue;
    const found = switches.find((vertex) => (place === undefined ? vertex.index === Number(group) : isAt(vertex, Number(group), Number(place))));
    if (found !== undefined) return { value: { kind: 'switch', index: found.index, level: found.name, text: typed.trim() } };
    const last = switches.at(-1) as Vertex;
    const upTo = last.place === undefined ? '' : `, or 0.0 to ${last.place[0]}.${last.place[1]}`;
    return { problem: `expected ${noun} 0 to ${last.index}${upTo}, got "${typed}"` };
  }
  return { problem: expectedOneOf(noun, [...new Set(names)]) };
}

function isAt({ place }: Vertex, group: number, chip: number): boolean {
  return place !== undefined && place[0] === group && place[1] === chip;
}

/** The vertices that stand for an end on one plane, in order: several where it has several ports. None where it has no port there. */
export function verticesOf(fabric: Fabric, end: End): readonly number[] {
  const { machine, plane, first } = fabric;
  const range = (kind: keyof typeof first, from: number, count: number): readonly number[] => {
    const start = first[kind];
    return start === undefined ? [] : Array.from({ length: count }, (_, i) => start + from + i);
  };
  const dies = machine.chip.dies;
  const { chips, cpus } = machine.node;
  switch (end.kind) {
    case 'switch':
      return fabric.vertices.flatMap((vertex, i) => (vertex.name === end.level && vertex.index === end.index ? [i] : []));
    case 'cpu':
      if (first.cpu !== undefined) return range('cpu', end.index, 1);
      return plane.port.owner === 'node' ? range('node', Math.floor(end.index / cpus), 1) : [];
    case 'die':
      if (plane.port.owner === 'die') return range('die', end.index, 1);
      return verticesOf(fabric, { ...end, kind: 'chip', index: Math.floor(end.index / dies) });
    case 'chip':
      if (plane.port.owner === 'die') return range('die', end.index * dies, dies);
      if (plane.port.owner === 'chip') return range('chip', end.index, 1);
      return verticesOf(fabric, { ...end, kind: 'node', index: Math.floor(end.index / chips) });
    case 'node':
      if (plane.port.owner === 'node') return range('node', end.index, 1);
      if (plane.port.owner === 'cpu') return range('cpu', end.index * cpus, cpus);
      return plane.port.owner === 'die' ? range('die', end.index * chips * dies, chips * dies) : range('chip', end.index * chips, chips);
  }
}

/** A fault of one plane as users name it. */
export interface NamedFault {
  readonly fabric: Fabric;
  readonly fault: Fault;
  readonly text: string;
}

/**
 * `l2 3`, `l1 0.2:50%`, `sub-plane 4`, `rail 2`, `npu 8`, or `link l1 0.2 - l2 2.5`. Without a share it has failed (`left` 0), unless `slow` asks
 * for one.
 */
export function parseFault(machine: Machine, fabrics: readonly Fabric[], typed: string, slow: boolean): Parsed<readonly NamedFault[]> {
  const [, what = typed, percent, unit] = /^(.*?)\s*(?::\s*([\d.]+)\s*(%)?)?\s*$/.exec(typed) ?? [];
  if (slow ? unit === undefined : percent !== undefined)
    return {
      problem: slow
        ? `expected what is slow and what is left of its rate, such as "${what}:50%", got "${typed}"`
        : `expected what has failed without a share, got "${typed}"; --slow takes shares`,
    };
  const left = slow ? Number(percent) / 100 : 0;
  if (!(left >= 0 && left <= 1)) return { problem: `expected a share from 0 to 100 %, got "${percent} %"` };
  const lane = /^\s*(sub-plane|rail)\s*#?\s*(\d+)\s*$/i.exec(what);
  if (lane !== null) return laneFault(machine, fabrics, lane[1]?.toLowerCase() === 'rail' ? 'rails' : 'subPlanes', Number(lane[2]), { left, text: typed });
  const pair = /^\s*link\s+(.*?)\s+-\s+(.*)$/i.exec(what);
  const ends = (pair === null ? [what] : [pair[1] ?? '', pair[2] ?? '']).map((end) => parseEnd(machine, fabrics, end));
  const problem = ends.find((end) => end.problem !== undefined)?.problem;
  if (problem !== undefined) return { problem };
  const faults = fabrics.flatMap((fabric): readonly NamedFault[] => {
    const [at = [], to] = ends.map((end) => verticesOf(fabric, end.value as End));
    if (at.length === 0 || (pair !== null && (to ?? []).length === 0)) return [];
    if (pair !== null && !fabric.cables.some(({ lower, upper }) => [at, to ?? []].every((side) => side.includes(lower) || side.includes(upper)))) return [];
    return [{ fabric, fault: { at, to, left }, text: typed }];
  });
  return faults.length > 0 ? { value: faults } : { problem: `no plane of ${machine.name} has a link ${what.replace(/^\s*link\s+/i, '')}` };
}

function laneFault(
  machine: Machine,
  fabrics: readonly Fabric[],
  key: 'rails' | 'subPlanes',
  lane: number,
  { left, text }: { readonly left: number; readonly text: string },
): Parsed<readonly NamedFault[]> {
  const noun = key === 'rails' ? 'rail' : 'sub-plane';
  const having = fabrics.filter(({ plane }) => plane[key] > 1);
  if (having.length === 0) return { problem: `${machine.name} has no ${noun}s` };
  const faults = having
    .filter(({ plane }) => lane < plane[key])
    .map((fabric) => ({ fabric, fault: { at: fabric.vertices.flatMap((vertex, i) => (vertex.lane === lane ? [i] : [])), left }, text }));
  const counts = having.map(({ plane }) => `0 to ${plane[key] - 1} of ${plane.name}`).join(' or ');
  return faults.length > 0 ? { value: faults } : { problem: `expected ${noun} ${counts}, got "${text}"` };
}
