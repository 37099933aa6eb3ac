import { InputError } from '../src/base/errors.ts';
import { expectedOneOf } from '../src/base/nearest.ts';
import { parseQuantity } from '../src/base/quantity.ts';
import { pathOperations, type Machine, type PathOperation } from '../src/catalogue/machine.ts';
import type { PathQuestion } from '../src/network/path.ts';
import { fabricOf } from '../src/network/topology/build.ts';
import { parseEnd, parseFault, type NamedFault } from '../src/network/topology/end.ts';
import type { Fabric } from '../src/network/topology/fabric.ts';
import { capacitiesOf } from '../src/network/topology/faults.ts';
import { Problems } from './scenario/problems.ts';

/** A machine's planes as explicit fabrics, with what each cable can carry after faults. */
export interface Network {
  readonly machine: Machine;
  readonly planes: readonly { readonly fabric: Fabric; readonly capacity: Float64Array }[];
  /** As they were asked for. */
  readonly faults: readonly string[];
}

/** Flags of `supernode network` as they were typed. */
export interface NetworkFlags {
  readonly fail?: readonly string[] | undefined;
  readonly slow?: readonly string[] | undefined;
  readonly path?: readonly string[] | undefined;
  readonly operation?: string | undefined;
  readonly plane?: string | undefined;
  readonly size?: string | undefined;
}

/** What is asked of a network. */
export type NetworkQuestion = { readonly kind: 'planes' } | ({ readonly kind: 'path' } & PathQuestion);

export interface NetworkRequest {
  readonly network: Network;
  readonly question: NetworkQuestion;
}

/**
 * The network of a machine with what has failed and is slow, and the question that flags ask of it.
 * @throws InputError with every problem.
 */
export function readNetworkFlags(machine: Machine, flags: NetworkFlags): NetworkRequest {
  const problems = new Problems('');
  const fabrics = machine.planes.map((plane) => fabricOf(machine, plane));
  const faults = faultsOf(machine, fabrics, flags, problems);
  const question = questionOf(machine, fabrics, flags, problems);
  problems.throwIfAny();
  if (question === undefined) throw new InputError([{ path: '', message: 'nothing is asked' }]);
  const planes = fabrics
    .filter(({ plane }) => flags.plane === undefined || plane.name === flags.plane)
    .map((fabric) => {
      const own = faults.filter((fault) => fault.fabric === fabric).map(({ fault }) => fault);
      return { fabric, capacity: capacitiesOf(fabric, own) };
    });
  const said = [...(flags.fail ?? []).map((text) => `${text} has failed`), ...(flags.slow ?? []).map((text) => text.replace(/\s*:\s*/, ' at '))];
  return { network: { machine, planes, faults: said }, question };
}

function faultsOf(machine: Machine, fabrics: readonly Fabric[], { fail = [], slow = [] }: NetworkFlags, problems: Problems): readonly NamedFault[] {
  const typed = [...fail.map((text) => ({ flag: '--fail', text })), ...slow.map((text) => ({ flag: '--slow', text }))];
  return typed.flatMap(({ flag, text }): readonly NamedFault[] => {
    const parsed = parseFault(machine, fabrics, text, flag === '--slow');
    if (parsed.problem !== undefined) problems.add(`${flag} "${text}"`, parsed.problem);
    return parsed.value ?? [];
  });
}

function questionOf(machine: Machine, fabrics: readonly Fabric[], flags: NetworkFlags, problems: Problems): NetworkQuestion | undefined {
  const names = fabrics.map(({ plane }) => plane.name);
  if (flags.plane !== undefined && !names.includes(flags.plane)) problems.add('--plane', expectedOneOf(flags.plane, names));
  if (flags.path === undefined) return { kind: 'planes' };
  const operation = oneOf('--operation', flags.operation ?? 'read', pathOperations, problems);
  const bytes = bytesOf(flags.size ?? '1 MB', problems);
  const [from, to] = endsOf(machine, fabrics, flags.path, problems);
  if (from === undefined || to === undefined || operation === undefined || bytes === undefined) return undefined;
  return { kind: 'path', from, to, operation: operation satisfies PathOperation, bytes };
}

function endsOf(machine: Machine, fabrics: readonly Fabric[], typed: readonly string[], problems: Problems): readonly PathQuestion['from'][] {
  if (typed.length !== 2) problems.add('--path', `expected two ends, such as --path "die 0" "die 17", got ${typed.length}`);
  const ends = typed.slice(0, 2).map((text) => {
    const parsed = parseEnd(machine, fabrics, text);
    if (parsed.problem !== undefined) problems.add(`--path "${text}"`, parsed.problem);
    return parsed.value;
  });
  const [a, b] = ends;
  if (a !== undefined && b !== undefined && a.kind === b.kind && a.index === b.index && a.level === b.level)
    problems.add('--path', `expected two different ends, got ${a.text} twice`);
  return ends.filter((end) => end !== undefined);
}

function oneOf<Name extends string>(flag: string, typed: string, names: readonly Name[], problems: Problems): Name | undefined {
  const name = names.find((candidate) => candidate === typed);
  if (name === undefined) problems.add(flag, expectedOneOf(typed, names));
  return name;
}

function bytesOf(typed: string, problems: Problems): number | undefined {
  const { value, problem } = parseQuantity(typed, 'bytes');
  if (problem !== undefined) problems.add('--size', problem);
  else if (value <= 0) problems.add('--size', `expected more than 0 bytes, got "${typed}"`);
  return value;
}
