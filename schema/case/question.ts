import { InputError } from '../../src/base/errors.ts';
import { expectedOneOf } from '../../src/base/nearest.ts';
import { planeOf, type Machine } from '../../src/catalogue/machine.ts';
import type { Stack } from '../../src/catalogue/stack.ts';
import type { ExchangeQuestion, Question, ServingQuestion, StepQuestion, StepWork } from '../../src/ledger/question.ts';
import { stepPricer } from '../../src/cost/pricer.ts';
import { machineFigures, modelFigures, type MachineFigure, type ModelFigure } from '../../src/ledger/system.ts';
import { layerStages, type Stage } from '../../src/model/operator.ts';
import { dotted } from '../read.ts';
import { Problems } from '../scenario/problems.ts';
import { readScenario, type ScenarioContext } from '../scenario/read.ts';
import type { StepFlags } from '../step/flags.ts';
import { readStepFlags } from '../step/request.ts';
import type { CaseFile, Fields, LayerFile, QuestionKey, SimulateFile, StepFile, StepFigure } from './file.ts';
import { launchOf } from './launch.ts';

/** How the shell finds what a case names. */
export interface CaseContext extends ScenarioContext {
  /** The content of a scenario's file, and what finds the names in it. */
  readonly scenario: (path: string, at: string) => { readonly value: unknown; readonly context: ScenarioContext };
}

/** Reads the keys of one question. */
interface Reader {
  readonly problems: Problems;
  readonly context: CaseContext;
}

/** The question of a case; undefined where something is wrong with it, with the problems told. */
export async function questionOf(file: CaseFile, key: QuestionKey, problems: Problems, context: CaseContext): Promise<Question | undefined> {
  const reader: Reader = { problems, context };
  switch (key) {
    case 'operator':
      return operatorOf(file, reader);
    case 'path':
      return pathOf(file, reader);
    case 'collective':
      return collectiveOf(file, reader);
    case 'exchange':
      return exchangeOf(file, reader);
    case 'step':
      return stepOf(file.step ?? {}, key, reader);
    case 'layer':
      return layerOf(file.layer ?? {}, reader);
    case 'simulate':
      return servingOf(file.simulate ?? {}, key, reader);
    case 'system':
      return systemOf(file, reader);
    case 'gain':
      return gainOf(file, reader);
  }
}

/** Complains of keys that are not there. */
function need(part: Fields, keys: readonly string[], at: string, problems: Problems): boolean {
  const absent = keys.filter((key) => part[key] === undefined);
  for (const key of absent) if (!problems.covers(`${at}.${key}`)) problems.add(`${at}.${key}`, 'expected a value, got nothing');
  return absent.length === 0;
}

async function machineOf(name: string | undefined, at: string, { problems, context }: Reader): Promise<Machine | undefined> {
  if (name === undefined) return undefined;
  return problems.attempt(`${at}.machine`, () => context.machine(name, problems.at(`${at}.machine`)));
}

async function stackOf(name: string | undefined, machine: Machine | undefined, at: string, { problems, context }: Reader): Promise<Stack | undefined> {
  const wanted = name ?? machine?.stack;
  if (wanted === undefined) return undefined;
  return problems.attempt(`${at}.stack`, () => context.stack(wanted, problems.at(`${at}.stack`)));
}

async function operatorOf({ operator = {} }: CaseFile, reader: Reader): Promise<Question | undefined> {
  const { problems } = reader;
  const there = need(operator, ['machine', 'class', 'format', 'shape'], 'operator', problems);
  const machine = await machineOf(operator.machine, 'operator', reader);
  const stack = await stackOf(operator.stack, machine, 'operator', reader);
  const { class: name, format, shape, timed = 'alone', figure = 'time' } = operator;
  if (!there || name === undefined || format === undefined || shape === undefined) return undefined;
  const launch = launchOf(name, format, shape, 'operator', problems);
  if (launch === undefined || machine === undefined || stack === undefined) return undefined;
  return { kind: 'operator', machine, stack, ...launch, timed, figure };
}

async function pathOf({ path = {} }: CaseFile, reader: Reader): Promise<Question | undefined> {
  const { problems } = reader;
  const there = need(path, ['machine', 'scope', 'operation', 'figure'], 'path', problems);
  const machine = await machineOf(path.machine, 'path', reader);
  const { scope, operation, figure, to = 'die' } = path;
  if (machine === undefined) return undefined;
  const plane = path.plane === undefined ? planeOf(machine, 'scale-up') : machine.planes.find(({ name }) => name === path.plane);
  if (plane === undefined)
    problems.add(
      'path.plane',
      expectedOneOf(
        path.plane ?? 'scale-up',
        machine.planes.map(({ name }) => name),
      ),
    );
  if (!there || plane === undefined || scope === undefined || operation === undefined || figure === undefined) return undefined;
  return { kind: 'path', machine, plane, scope, operation, to, figure };
}

async function collectiveOf({ collective = {} }: CaseFile, reader: Reader): Promise<Question | undefined> {
  const there = need(collective, ['machine', 'operation', 'ranks', 'bytes'], 'collective', reader.problems);
  const machine = await machineOf(collective.machine, 'collective', reader);
  const stack = await stackOf(collective.stack, machine, 'collective', reader);
  const { library, operation, ranks, bytes, figure = 'time' } = collective;
  const libraries = [...new Set(stack?.collectives.map((way) => way.library))];
  if (library !== undefined && stack !== undefined && !libraries.includes(library))
    reader.problems.add('collective.library', expectedOneOf(library, libraries));
  if (!there || machine === undefined || stack === undefined || operation === undefined || ranks === undefined || bytes === undefined) return undefined;
  return { kind: 'collective', machine, stack, library, operation, ranks, bytes, figure };
}

async function exchangeOf({ exchange = {} }: CaseFile, reader: Reader): Promise<ExchangeQuestion | undefined> {
  const there = need(exchange, ['machine', 'operation', 'ranks', 'tokens', 'hidden', 'experts', 'format'], 'exchange', reader.problems);
  const machine = await machineOf(exchange.machine, 'exchange', reader);
  const stack = await stackOf(exchange.stack, machine, 'exchange', reader);
  if (!there || machine === undefined || stack === undefined) return undefined;
  const { kernel = 'low-latency', experts, copies = experts, figure = 'time', operation, ranks, tokens, hidden, format } = exchange;
  const over = exchange.plane === undefined ? machine : machineOver(machine, exchange.plane, reader.problems);
  return { kind: 'exchange', machine: over, stack, operation, kernel, ranks, tokens, hidden, fanout: experts, copies, format, figure } as ExchangeQuestion;
}

/** The machine with one of the planes between its dies alone. */
function machineOver(machine: Machine, plane: string, problems: Problems): Machine {
  const between = machine.planes.filter(({ role }) => role === 'scale-up' || role === 'scale-out');
  const names = between.map(({ name }) => name);
  if (!names.includes(plane)) problems.add('exchange.plane', expectedOneOf(plane, names));
  return { ...machine, planes: machine.planes.filter((one) => one.name === plane || !between.includes(one)) };
}

/** `expert-parallel` as `expertParallel`. */
function camel(key: string): string {
  return key.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

async function workOf(keys: Readonly<Record<string, unknown>>, at: string, reader: Reader): Promise<StepWork | undefined> {
  const { problems, context } = reader;
  const flags = Object.fromEntries(Object.entries(keys).map(([key, value]) => [camel(key), value])) as StepFlags;
  const there = need(keys, ['machine', 'model', 'phase'], at, problems);
  const machine = await machineOf(flags.machine, at, reader);
  const name = flags.model;
  const model = name === undefined ? undefined : await problems.attempt(`${at}.model`, () => context.model(name, problems.at(`${at}.model`)));
  const stack = await stackOf(flags.stack, machine, at, reader);
  const drafter = flags.draftModel;
  const draftModel =
    drafter === undefined ? undefined : await problems.attempt(`${at}.draft-model`, () => context.model(drafter, problems.at(`${at}.draft-model`)));
  if (!there || machine === undefined || model === undefined || stack === undefined) return undefined;
  try {
    return readStepFlags(flags, { machine, model, stack, draftModel }, new Problems(''));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    for (const { path, message } of error.issues) problems.add(path.startsWith('--') ? `${at}.${path.slice(2)}` : dotted([at]), message);
    return undefined;
  }
}

async function stepOf(file: StepFile, at: string, reader: Reader): Promise<StepQuestion | undefined> {
  const { figure = 'time', ...keys } = file;
  const work = await workOf(keys, at, reader);
  return work === undefined ? undefined : { kind: 'step', work, figure: figure as StepFigure };
}

async function layerOf({ stages: some, without: out, ...keys }: LayerFile, reader: Reader): Promise<Question | undefined> {
  const work = await workOf(keys, 'layer', reader);
  if (work === undefined) return undefined;
  const stages = (some as readonly Stage[] | undefined) ?? layerStages;
  const without = (out as readonly string[] | undefined) ?? [];
  const names = stepPricer(work.setting)
    .explain(work.batch)
    .operators.flatMap(({ name, stage }) => ((stages as readonly string[]).includes(stage) ? [name] : []));
  const unknown = without.filter((name) => !names.includes(name));
  if (unknown.length > 0)
    reader.problems.add('layer.without', `expected operators of its stages, out of ${[...new Set(names)].join(', ')}, got ${unknown.join(', ')}`);
  // What a launch shares with an operator that was not timed it pays alone.
  const { setting } = work;
  const fusions = setting.stack.fusions.map((fusion) => ({ ...fusion, operators: fusion.operators.filter((name) => !without.includes(name)) }));
  const apart = without.length === 0 ? work : { ...work, setting: { ...setting, stack: { ...setting.stack, fusions } } };
  return { kind: 'layer', work: apart, stages, without };
}

async function servingOf(
  { scenario, figure, over = 'window' }: SimulateFile,
  at: string,
  reader: Reader,
  replaced: Fields = {},
): Promise<ServingQuestion | undefined> {
  const { problems, context } = reader;
  if (!need({ scenario, figure }, ['scenario', 'figure'], at, problems) || scenario === undefined || figure === undefined) return undefined;
  const place = problems.at(`${at}.scenario`);
  const found = typeof scenario === 'string' ? context.scenario(scenario, place) : { value: scenario, context };
  const read = await readScenario(merged(found.value, replaced), place, found.context);
  return { kind: 'serving', scenario: read, figure, over };
}

async function systemOf({ system = {} }: CaseFile, reader: Reader): Promise<Question | undefined> {
  const { problems, context } = reader;
  const { figure, format, plane, level } = system;
  if (figure === undefined) {
    need(system, ['figure'], 'system', problems);
    return undefined;
  }
  const ofModel: ModelFigure | undefined = modelFigures.find((one) => one === figure);
  if (ofModel !== undefined) {
    const name = system.model;
    if (name === undefined) problems.add('system.model', `"${figure}" is counted of a model: expected the name of one, got nothing`);
    const model = name === undefined ? undefined : await problems.attempt('system.model', () => context.model(name, problems.at('system.model')));
    return model === undefined ? undefined : { kind: 'system', count: { of: 'model', figure: ofModel, model, format } };
  }
  if (system.machine === undefined) problems.add('system.machine', `"${figure}" is counted of a machine: expected the name of one, got nothing`);
  const machine = await machineOf(system.machine, 'system', reader);
  const ofMachine: MachineFigure | undefined = machineFigures.find((one) => one === figure);
  if (machine === undefined || ofMachine === undefined) return undefined;
  const planes = machine.planes.map(({ name }) => name);
  const found = plane === undefined ? planeOf(machine, 'scale-up') : machine.planes.find(({ name }) => name === plane);
  if (plane !== undefined && found === undefined) problems.add('system.plane', expectedOneOf(plane, planes));
  const levels = found?.levels.map(({ name }) => name) ?? [];
  if (level !== undefined && found !== undefined && !levels.includes(level)) problems.add('system.level', expectedOneOf(level, levels));
  return { kind: 'system', count: { of: 'machine', figure: ofMachine, machine, plane, level, format: format ?? 'bf16' } };
}

async function gainOf({ gain = {} }: CaseFile, reader: Reader): Promise<Question | undefined> {
  const { problems } = reader;
  const { step, simulate, with: after = {}, without: before = {} } = gain;
  if ((step === undefined) === (simulate === undefined)) {
    problems.add('gain', 'expected either a step or a simulate, with the keys that change under with and without');
    return undefined;
  }
  const ask = (changed: Fields, name: string): Promise<StepQuestion | ServingQuestion | undefined> =>
    step === undefined
      ? servingOf(simulate ?? {}, `gain.${name}`, reader, changed)
      : stepOf({ ...step, ...Object.fromEntries(Object.entries(changed).map(([key, value]) => [key, String(value)])) }, `gain.${name}`, reader);
  const [one, other] = [await ask(after, 'with'), await ask(before, 'without')];
  return one === undefined || other === undefined ? undefined : { kind: 'gain', with: one, without: other };
}

/** A map with some keys replaced, maps in it key by key; null takes a key away. */
function merged(value: unknown, changes: Fields): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const result: Record<string, unknown> = { ...(value as Fields) };
  for (const [key, change] of Object.entries(changes)) {
    if (change === null) delete result[key];
    else if (typeof change === 'object' && !Array.isArray(change)) result[key] = merged(result[key] ?? {}, change as Fields);
    else result[key] = change;
  }
  return result;
}
