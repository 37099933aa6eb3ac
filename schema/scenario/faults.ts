import { expectedOneOf } from '../../src/base/nearest.ts';
import { chipCount, dieCount, type Machine } from '../../src/catalogue/machine.ts';
import { fabricOf } from '../../src/network/topology/build.ts';
import { parseEnd, parseFault, type End } from '../../src/network/topology/end.ts';
import type { Fabric } from '../../src/network/topology/fabric.ts';
import type { FaultKind, Jitter, PlannedFault, RandomFaults, Recovery, Struck } from '../../src/serving/faults/fault.ts';
import type { Weights } from '../../src/serving/control/control.ts';
import type { Faults } from '../../src/serving/scenario.ts';
import { weightsByDefault } from './control.ts';
import type { FaultFile, RecoveryFile } from './file.ts';
import type { Problems } from './problems.ts';

const causes = ['kill', 'hang', 'slow', 'jitter'] as const;
type Cause = (typeof causes)[number];

/** Faults of a scenario file on its machine. What a fault names is checked against the machine's parts and planes. */
export function readFaults(
  list: readonly FaultFile[],
  recovery: RecoveryFile,
  machine: Machine,
  problems: Problems,
  weights: Omit<Weights, 'capacity' | 'setup'> = weightsByDefault,
): Faults {
  const fabrics = machine.planes.map((plane) => fabricOf(machine, plane));
  const planned: PlannedFault[] = [];
  const random: RandomFaults[] = [];
  list.forEach((fault, i) => {
    const at = `faults[${i}]`;
    const named = causes.filter((cause) => fault[cause] !== undefined);
    const [cause] = named;
    if (cause === undefined || named.length > 1) {
      if (!problems.covers(at)) problems.add(at, `expected one of kill, hang, slow and jitter, got ${named.length === 0 ? 'none' : named.join(' and ')}`);
      return;
    }
    if ((fault.at === undefined) === (fault.mtbf === undefined)) {
      if (!problems.covers(at)) problems.add(at, `expected either at or mtbf, got ${fault.at === undefined ? 'none' : 'both'}`);
      return;
    }
    const jitter = cause === 'jitter' ? jitterOf(fault, at, problems) : undefined;
    if (cause === 'hang' && fault.for === undefined) problems.add(`${at}.for`, 'expected how long it hangs, got nothing');
    const text = fault[cause] as string;
    const duration = fault.for ?? Infinity;
    if (fault.at !== undefined) {
      const parsed = parsePart(machine, fabrics, cause, text);
      if (typeof parsed === 'string') problems.add(`${at}.${cause}`, parsed);
      else planned.push({ ...parsed, at: fault.at, duration, jitter });
      return;
    }
    const parsed = parseKind(machine, fabrics, cause, text);
    if (typeof parsed === 'string') problems.add(`${at}.${cause}`, parsed);
    else random.push({ ...parsed, mtbf: fault.mtbf as number, duration, jitter });
  });
  const { 'experts-from': from = 'memory' } = recovery;
  const source = { kept: weights.place !== 'none', store: weights.store, perDie: weights.perDie };
  return { planned, random, recovery: recoveryOf(recovery), reload: { from, source } };
}

/** What a recovery says that means nothing. */
export function checkRecovery(recovery: RecoveryFile, problems: Problems): void {
  if (recovery.experts === 'replace') return;
  for (const key of ['regroup', 'experts-from'] as const)
    if (recovery[key] !== undefined) problems.add(`recovery.${key}`, 'means nothing to instances that come back whole; expected experts: replace');
}

function jitterOf({ share, by }: FaultFile, at: string, problems: Problems): Jitter {
  if (share === undefined && !problems.covers(`${at}.share`))
    problems.add(`${at}.share`, 'expected the share of iterations that wait, such as 0.01, got nothing');
  if (by === undefined && !problems.covers(`${at}.by`)) problems.add(`${at}.by`, 'expected how long they wait, such as 20 ms, got nothing');
  return { share: share ?? 0, by: by ?? 0 };
}

/**
 * Assumed where nothing is said: how a deployment is run is not published. What regrouping takes is: 10.2 to 12.8 s from a fault until 80 NPUs
 * served on, where no weights were loaded (ReviveMoE, arXiv 2602.21140).
 */
function recoveryOf({ detection = 5, restart = 60, retries = 3, spares = true, experts = 'restart', regroup = 10 }: RecoveryFile): Recovery {
  return { detection, restart, retries, spares, experts, regroup };
}

type Blow = Pick<PlannedFault, 'kind' | 'struck' | 'left'>;

/** A part with, for `slow`, what is left of it; or what is wrong with the text. */
function parsePart(machine: Machine, fabrics: readonly Fabric[], cause: Cause, text: string): Blow | string {
  const [, what = text, percent] = /^(.*?)\s*(?::\s*([\d.]+)\s*%\s*)?$/.exec(text) ?? [];
  if ((cause === 'slow') !== (percent !== undefined))
    return cause === 'slow'
      ? `expected what is slow and what is left of it, such as "${what}:50%", got "${text}"`
      : `expected a part without a share, got "${text}"; slow takes shares`;
  const left = cause === 'slow' ? Number(percent) / 100 : Number(cause === 'jitter');
  if (cause === 'slow' && !(left > 0 && left < 1)) return `expected a share above 0 and below 100 %, got "${percent} %"`;
  const end = parseEnd(machine, fabrics, what);
  if (end.value !== undefined && end.value.kind !== 'switch') return { kind: cause, struck: partsOf(machine, end.value, text), left };
  if (cause === 'hang' || cause === 'jitter')
    return end.value === undefined && end.problem !== undefined ? end.problem : `expected dies, a chip or a node, got "${text}"`;
  const links = parseFault(machine, fabrics, text, cause === 'slow');
  if (links.value === undefined) return links.problem;
  return { kind: cause === 'slow' ? 'choke' : 'cut', struck: { text, dies: [], cpus: [], links: links.value }, left };
}

/** Every part of a kind, such as `npu`, or `die:50%`. */
function parseKind(machine: Machine, fabrics: readonly Fabric[], cause: Cause, text: string): Pick<RandomFaults, 'kind' | 'left' | 'parts'> | string {
  const [, noun = text, share = ''] = /^\s*([a-z][\w-]*)\s*(:.*)?$/i.exec(text) ?? [];
  const nouns = ['die', machine.chip.word.toLowerCase(), 'cpu', 'node', ...fabrics.flatMap(({ plane }) => plane.levels.map(({ name }) => name.toLowerCase()))];
  if (!nouns.includes(noun.toLowerCase())) return `${expectedOneOf(noun, [...new Set(nouns)])}: with mtbf a fault comes to any part of a kind`;
  const parts: Struck[] = [];
  let kind: FaultKind = cause;
  let left = 0;
  for (let index = 0; ; index++) {
    const blow = parsePart(machine, fabrics, cause, `${noun} ${index}${share}`);
    if (typeof blow === 'string') {
      if (index === 0) return blow;
      return { kind, left, parts };
    }
    ({ kind, left } = blow);
    parts.push(blow.struck);
  }
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
