import { chipCount, dieCount, type Machine } from '../../catalogue/machine.ts';
import { parseEnd, parseFault, type End } from '../../network/topology/end.ts';
import type { Fabric } from '../../network/topology/fabric.ts';
import type { PlannedFault, Struck } from './fault.ts';

/** What users say of a fault: links that are killed are cut, and slow ones choked. */
export const faultCauses = ['kill', 'hang', 'slow', 'jitter'] as const;
export type FaultCause = (typeof faultCauses)[number];

/** What a fault does, to what. */
export type Blow = Pick<PlannedFault, 'kind' | 'struck' | 'left'>;

/** A fault of a part as users name it, such as `npu 8`, or `l1 0.2:50%` for what is slow; or what is wrong with the text. */
export function parseBlow(machine: Machine, fabrics: readonly Fabric[], cause: FaultCause, text: string): Blow | string {
  const [, what = text, percent, unit] = /^(.*?)\s*(?::\s*([\d.]+)\s*(%)?)?\s*$/.exec(text) ?? [];
  if (cause === 'slow' ? unit === undefined : percent !== undefined)
    return cause === 'slow'
      ? `expected what is slow and what is left of it, such as "${what}:50%", got "${text}"`
      : `expected a part without a share, got "${text}"; slow takes shares`;
  const left = cause === 'slow' ? Number(percent) / 100 : Number(cause === 'jitter');
  if (cause === 'slow' && !(left > 0 && left < 1)) return `expected a share above 0 and below 100 %, got "${percent} %"`;
  const end = parseEnd(machine, fabrics, what);
  const ofDies = cause === 'hang' || cause === 'jitter';
  if (end.value !== undefined && end.value.kind !== 'switch' && !(ofDies && end.value.kind === 'cpu'))
    return { kind: cause, struck: partsOf(machine, end.value, text), left };
  if (ofDies) return end.value === undefined && end.problem !== undefined ? end.problem : `expected dies, a chip or a node, got "${text}"`;
  const links = parseFault(machine, fabrics, text, cause === 'slow');
  if (links.value === undefined) return links.problem;
  return { kind: cause === 'slow' ? 'choke' : 'cut', struck: { text, dies: [], cpus: [], links: links.value }, left };
}

/** The dies and sockets of a part. */
function partsOf(machine: Machine, { kind, index }: End, text: string): Struck {
  const { dies } = machine.chip;
  const { chips, cpus } = machine.node;
  const range = (from: number, count: number): readonly number[] => Array.from({ length: count }, (_, i) => from + i);
  switch (kind) {
    case 'die':
      return { text, dies: [index], cpus: [], links: [] };
    case 'chip':
      return { text, dies: range(index * dies, dies), cpus: [], links: [] };
    case 'cpu':
      return { text, dies: [], cpus: [index], links: [] };
    case 'node':
    case 'switch':
      return {
        text,
        dies: range(index * chips * dies, Math.min(chips, chipCount(machine)) * dies).filter((die) => die < dieCount(machine)),
        cpus: range(index * cpus, cpus),
        links: [],
      };
  }
}
