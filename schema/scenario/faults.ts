import { expectedOneOf } from '../../src/base/nearest.ts';
import type { Machine } from '../../src/catalogue/machine.ts';
import { fabricOf } from '../../src/network/topology/build.ts';
import type { Fabric } from '../../src/network/topology/fabric.ts';
import {
  assumedRecovery,
  type FaultKind,
  type Jitter,
  type PlannedFault,
  type RandomFaults,
  type Recovery,
  type Struck,
} from '../../src/serving/faults/fault.ts';
import type { Weights } from '../../src/serving/control/control.ts';
import { faultCauses, parseBlow, type FaultCause } from '../../src/serving/faults/named.ts';
import type { Faults } from '../../src/serving/scenario.ts';
import { weightsByDefault } from './control.ts';
import type { FaultFile, RecoveryFile } from './file.ts';
import type { Problems } from './problems.ts';

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
    const named = faultCauses.filter((cause) => fault[cause] !== undefined);
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
    if (cause !== 'jitter')
      for (const key of ['share', 'by'] as const) if (fault[key] !== undefined) problems.add(`${at}.${key}`, `means nothing to ${cause}; expected jitter`);
    if (cause === 'hang' && fault.for === undefined) problems.add(`${at}.for`, 'expected how long it hangs, got nothing');
    const text = fault[cause] as string;
    const duration = fault.for ?? Infinity;
    if (fault.at !== undefined) {
      const parsed = parseBlow(machine, fabrics, cause, text);
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

function recoveryOf(file: RecoveryFile): Recovery {
  const stated = Object.entries(file).filter(([, value]) => value !== undefined);
  return { ...assumedRecovery, ...Object.fromEntries(stated) };
}

/** Every part of a kind, such as `npu`, or `die:50%`. */
function parseKind(machine: Machine, fabrics: readonly Fabric[], cause: FaultCause, text: string): Pick<RandomFaults, 'kind' | 'left' | 'parts'> | string {
  const [, noun = text, share = ''] = /^\s*([a-z][\w-]*)\s*(:.*)?$/i.exec(text) ?? [];
  const nouns = ['die', machine.chip.word.toLowerCase(), 'cpu', 'node', ...fabrics.flatMap(({ plane }) => plane.levels.map(({ name }) => name.toLowerCase()))];
  if (!nouns.includes(noun.toLowerCase())) return `${expectedOneOf(noun, [...new Set(nouns)])}: with mtbf a fault comes to any part of a kind`;
  const parts: Struck[] = [];
  let kind: FaultKind = cause;
  let left = 0;
  for (let index = 0; ; index++) {
    const blow = parseBlow(machine, fabrics, cause, `${noun} ${index}${share}`);
    if (typeof blow === 'string') {
      if (index === 0) return blow;
      return { kind, left, parts };
    }
    ({ kind, left } = blow);
    parts.push(blow.struck);
  }
}
