import { InputError } from '../src/base/errors.ts';
import { expectedOneOf } from '../src/base/nearest.ts';
import { parseQuantity } from '../src/base/quantity.ts';
import { numberFormats } from '../src/catalogue/format.ts';
import { collectiveOperations, exchangeOperations, type CollectiveOperation, type ExchangeOperation } from '../src/catalogue/library.ts';
import { dieCount, pathOperations, type Machine, type PathOperation } from '../src/catalogue/machine.ts';
import type { ExchangeLoad } from '../src/network/exchange.ts';
import type { PathQuestion } from '../src/network/path.ts';
import { fabricOf } from '../src/network/topology/build.ts';
import { parseEnd, parseFault, type NamedFault } from '../src/network/topology/end.ts';
import type { Fabric } from '../src/network/topology/fabric.ts';
import { capacitiesOf } from '../src/network/topology/faults.ts';
import { idleNetworkFlags, type NetworkFlags } from './network-flags.ts';
import { Problems } from './scenario/problems.ts';

/** A machine's planes as explicit fabrics, with what each cable can carry after faults. */
export interface Network {
  readonly machine: Machine;
  readonly planes: readonly { readonly fabric: Fabric; readonly capacity: Float64Array }[];
  /** As they were asked for. */
  readonly faults: readonly string[];
}

/** An exchange of expert parallelism over the first dies of the machine. */
export interface ExchangeQuestion {
  readonly operations: readonly ExchangeOperation[];
  readonly ranks: number;
  readonly load: ExchangeLoad;
}

/** A collective over a group of dies. */
export interface CollectiveQuestion {
  readonly operation: CollectiveOperation;
  readonly bytes: number;
  /** In the order of the group; they need not fill nodes. */
  readonly dies: readonly number[];
}

/** What is asked of a network. */
export type NetworkQuestion =
  | { readonly kind: 'planes' }
  | ({ readonly kind: 'path' } & PathQuestion)
  | ({ readonly kind: 'collective' } & CollectiveQuestion)
  | ({ readonly kind: 'exchange' } & ExchangeQuestion);

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
  const exchanges = exchangeOperations.filter((name) => flags[name] === true);
  const asked = [...(['path', 'collective'] as const).filter((name) => flags[name] !== undefined), ...exchanges.slice(0, 1)];
  if (asked.length > 1) problems.add(`--${asked[1]}`, `expected one question, got --${asked.join(' and --')}`);
  else for (const { path, message } of idleNetworkFlags(flags)) problems.add(path, message);
  if (flags.collective !== undefined) return collectiveOf(machine, flags, problems);
  if (exchanges.length > 0) return exchangeOf(machine, flags, exchanges, problems);
  if (flags.path === undefined) return { kind: 'planes' };
  const operation = oneOf('--operation', flags.operation ?? 'read', pathOperations, problems);
  const bytes = bytesOf(flags.size ?? '1 MB', problems);
  const [from, to] = endsOf(machine, fabrics, flags.path, problems);
  if (from === undefined || to === undefined || operation === undefined || bytes === undefined) return undefined;
  return { kind: 'path', from, to, operation: operation satisfies PathOperation, bytes };
}

function collectiveOf(machine: Machine, flags: NetworkFlags, problems: Problems): NetworkQuestion | undefined {
  const operation = oneOf('--collective', flags.collective ?? '', collectiveOperations, problems);
  if (flags.size === undefined) problems.add('--size', 'expected the bytes of the whole vector, such as 64MB, got nothing');
  const bytes = flags.size === undefined ? undefined : bytesOf(flags.size, problems);
  const dies = diesOf(machine, flags.ranks, problems);
  if (operation === undefined || bytes === undefined || dies === undefined) return undefined;
  return { kind: 'collective', operation, bytes, dies };
}

function exchangeOf(machine: Machine, flags: NetworkFlags, operations: readonly ExchangeOperation[], problems: Problems): NetworkQuestion | undefined {
  const whole = (flag: string, typed: string | undefined, most: number, what: string): number => {
    const value = Number(typed);
    if (typed === undefined || typed.trim() === '' || !Number.isSafeInteger(value) || value < 1 || value > most)
      problems.add(flag, `expected ${what}, got ${typed === undefined ? 'nothing' : `"${typed}"`}`);
    return value;
  };
  const dies = dieCount(machine);
  const ranks = whole('--ep', flags.ep, dies, `the dies of the group, 2 to ${dies}`);
  if (ranks === 1) problems.add('--ep', `expected the dies of the group, 2 to ${dies}, got "1"`);
  const tokens = whole('--tokens', flags.tokens, 1e9, 'the tokens of one die');
  const hidden = whole('--hidden', flags.hidden ?? '7168', 1e6, 'the elements of a row');
  const fanout = whole('--top-k', flags.topK ?? '8', 1e4, 'the experts of a token');
  const experts = whole('--experts', flags.experts ?? '256', 1e6, 'the experts of a layer, redundant ones included');
  const format = oneOf('--format', flags.format ?? narrowest(machine), numberFormats, problems);
  if (format === undefined) return undefined;
  if (fanout > experts) problems.add('--top-k', `expected at most the ${experts} experts, got ${fanout}`);
  return { kind: 'exchange', operations, ranks, load: { tokens, fanout, hidden, format, localExperts: Math.ceil(experts / ranks) } };
}

/** What engines send to experts: FP8 where the chip multiplies it, else INT8. */
function narrowest({ chip }: Machine): string {
  return chip.die.matrix.peaks.fp8 === undefined ? 'int8' : 'fp8';
}

/** `32` for the first so many dies, or a list such as `0-7,16-23`. */
function diesOf(machine: Machine, typed: string | undefined, problems: Problems): readonly number[] | undefined {
  const count = dieCount(machine);
  const wrong = (message: string): undefined => {
    problems.add('--ranks', message);
    return undefined;
  };
  if (typed === undefined) return wrong('expected how many dies, or a list of them such as 0-7,16-23, got nothing');
  if (/^\s*\d+\s*$/.test(typed)) {
    const ranks = Number(typed);
    if (ranks < 2 || ranks > count) return wrong(`expected 2 to ${count} dies of ${machine.name}, got ${ranks}`);
    return Array.from({ length: ranks }, (_, i) => i);
  }
  const dies: number[] = [];
  for (const part of typed.split(',')) {
    const [, first, last = first] = /^\s*(\d+)\s*(?:-\s*(\d+)\s*)?$/.exec(part) ?? [];
    if (first === undefined || Number(last) < Number(first)) return wrong(`expected dies such as 0-7,16-23, got "${part}"`);
    if (Number(last) >= count) return wrong(`expected dies 0 to ${count - 1} of ${machine.name}, got ${part.trim()}`);
    for (let die = Number(first); die <= Number(last); die++) dies.push(die);
  }
  if (new Set(dies).size < dies.length) return wrong('expected every die once');
  return dies.length < 2 ? wrong('expected at least two dies') : dies;
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
