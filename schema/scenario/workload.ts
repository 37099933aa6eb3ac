import type { Model } from '../../src/model/model.ts';
import { meanRate, windowsOf, type ClientPool } from '../../src/serving/traffic/client-pool.ts';
import { sessionDrawer } from '../../src/serving/traffic/drawn-sessions.ts';
import { meanOfPhases } from '../../src/serving/traffic/phases.ts';
import { turnsOf, type SessionSupply } from '../../src/serving/traffic/session.ts';
import type { Arrivals, PoolWorkload, Reuse, SessionWorkload, TraceColumns, Workload } from '../../src/serving/traffic/workload.ts';
import type { TraceContent } from '../traces/format.ts';
import type { LengthsPreset, Preset } from '../traces/preset.ts';
import type { PoolChoice } from '../traces/servegen.ts';
import type { PhaseFile, WorkloadFile } from './file.ts';
import { mixOf, tenantsRate } from './mix.ts';
import type { Problems } from './problems.ts';
import { shortestRequest } from './shortest.ts';

/** Where the shell finds presets and traces. */
export interface WorkloadSources {
  readonly preset: (name: string, at: string) => Preset | Promise<Preset>;
  readonly trace: (path: string, format: string | undefined, at: string, choice: PoolChoice) => WorkloadContent | Promise<WorkloadContent>;
}

/** What a trace holds: a file of requests or of sessions, or a folder of client pools. */
export type WorkloadContent = TraceContent | { readonly kind: 'client-pool'; readonly pool: ClientPool };

/** Kinds of traffic, by the keys that they take beside those that say where it comes from. */
type Kind = 'lengths' | 'requests' | 'sessions' | 'client-pool';
const everyone = ['generator', 'trace', 'format', 'requests', 'seed', 'tenants', 'adapters', 'experts'] as const;
const keysOf: Readonly<Record<Kind, readonly (keyof WorkloadFile)[]>> = {
  lengths: ['arrivals', 'rate', 'cv', 'concurrency', 'input', 'output', 'phases', 'reuse'],
  requests: ['speed', 'concurrency'],
  sessions: ['arrivals', 'rate', 'cv', 'concurrency', 'sessions', 'context', 'max-think'],
  'client-pool': ['rate', 'pool', 'from', 'span'],
};
const words: Readonly<Record<Kind, string>> = {
  lengths: 'a generator of requests',
  requests: 'a trace of requests',
  sessions: 'traffic in sessions',
  'client-pool': 'a pool of clients',
};

const defaultRequests = 10_000;
const at = (key: string): string => `workload.${key}`;

/** Reports keys that this kind of traffic does not take. */
function refuse(file: WorkloadFile, kind: Kind, problems: Problems): void {
  const valid: readonly string[] = [...everyone, ...keysOf[kind]];
  for (const key of Object.keys(file) as (keyof WorkloadFile)[])
    if (file[key] !== undefined && !valid.includes(key)) problems.add(at(key), `${words[kind]} has no ${key}; expected ${keysOf[kind].join(', ')}`);
}

function arrivalsOf(file: WorkloadFile, cvOfPreset: number | undefined, problems: Problems): Arrivals | undefined {
  const { concurrency, arrivals, cv } = file;
  const shared = tenantsRate(file.tenants);
  if (shared !== undefined && file.rate !== undefined) problems.add(at('rate'), 'every tenant has a rate already; expected one or the other');
  const rate = file.rate ?? shared;
  if (concurrency !== undefined) {
    const open = (['rate', 'arrivals', 'cv'] as const).filter((key) => file[key] !== undefined);
    if (open.length > 0) problems.add(at('concurrency'), `a closed loop has no ${open.join(', ')}; expected concurrency or rate`);
    return { kind: 'closed', concurrency };
  }
  if (rate === undefined) {
    if (!['rate', 'concurrency'].some((key) => problems.covers(at(key))))
      problems.add(at('rate'), 'expected a rate such as "120/s" (open loop) or concurrency (closed loop), got neither');
    return undefined;
  }
  if (arrivals === 'poisson' && cv !== undefined && cv !== 1) problems.add(at('cv'), `poisson arrivals have a cv of 1, got ${cv}; expected arrivals: gamma`);
  if (arrivals === 'gamma' && cv === undefined && cvOfPreset === undefined && !problems.covers(at('cv')))
    problems.add(at('cv'), 'expected the coefficient of variation of gamma arrivals, such as 1.5');
  const variation = arrivals === 'poisson' ? 1 : (cv ?? cvOfPreset ?? 1);
  return variation === 1 ? { kind: 'poisson', rate } : { kind: 'gamma', rate, cv: variation };
}

/** Arrivals of traffic that changes: Poisson in each part, at its rate. */
function phasedArrivals(file: WorkloadFile, phases: readonly PhaseFile[], problems: Problems): Arrivals | undefined {
  const others = (['rate', 'concurrency', 'arrivals', 'cv'] as const).filter((key) => file[key] !== undefined);
  if (others.length > 0) problems.add(at('phases'), `phases have their own rates, of Poisson arrivals; leave out ${others.join(', ')}`);
  if (file.tenants?.some(({ rate }) => rate !== undefined) === true) problems.add(at('phases'), 'phases have their own rates; expected shares of tenants');
  phases.forEach((phase, i) => {
    for (const key of ['for', 'rate'] as const)
      if (phase[key] === undefined && !problems.covers(at(`phases[${i}].${key}`)))
        problems.add(at(`phases[${i}].${key}`), `expected ${key === 'for' ? 'how long it lasts, such as "10 min"' : 'a rate such as "40/s"'}, got nothing`);
  });
  if (phases.some(({ for: duration, rate }) => duration === undefined || rate === undefined)) return undefined;
  return { kind: 'poisson', rate: meanOfPhases(phases.map(({ for: duration = 0, rate = 0 }) => ({ duration, rate }))) };
}

function reuseOf(file: WorkloadFile, preset: LengthsPreset | undefined): Reuse | undefined {
  if (file.reuse === undefined) return preset?.reuse;
  const { share = preset?.reuse?.share ?? 0, window = preset?.reuse?.window ?? 1000, prefix = preset?.reuse?.prefix } = file.reuse;
  const blockTokens = file.reuse['block-tokens'] ?? preset?.reuse?.blockTokens ?? 128;
  return share === 0 ? undefined : { share, window, blockTokens, ...(prefix === undefined ? {} : { prefix }) };
}

function fitsPositions(workload: Workload, model: Model | undefined, place: string, problems: Problems): Workload {
  const least = shortestRequest(workload);
  if (model !== undefined && least > model.maxPositions)
    problems.add(place, `every request has at least ${least} tokens, ${model.name} takes ${model.maxPositions}`);
  return workload;
}

function generated(file: WorkloadFile, preset: LengthsPreset | undefined, seed: number, problems: Problems): Workload | undefined {
  const { generator: name, requests = defaultRequests } = file;
  const arrivals = file.phases === undefined ? arrivalsOf(file, preset?.cv, problems) : phasedArrivals(file, file.phases, problems);
  const input = file.input ?? preset?.input;
  const output = file.output ?? preset?.output;
  if (name === undefined && !problems.covers(at('generator')))
    for (const key of ['input', 'output'] as const)
      if (file[key] === undefined && !problems.covers(at(key))) problems.add(at(key), 'expected a length, or a generator that has it, got neither');
  const mix = mixOf(file, seed, problems);
  if (input === undefined || output === undefined || arrivals === undefined) return undefined;
  const phases = file.phases?.map(({ for: duration = 0, rate = 0, ...own }) => ({
    duration,
    rate,
    input: own.input ?? input,
    output: own.output ?? output,
    model: own.model,
  }));
  if (arrivals.kind === 'closed' && arrivals.concurrency > requests)
    problems.add(at('concurrency'), `${arrivals.concurrency} requests in flight are more than the ${requests} of the run`);
  return { kind: 'generator', name: name ?? 'custom', arrivals, input, output, reuse: reuseOf(file, preset), phases, requests, seed, mix };
}

function replayed(name: string, columns: TraceColumns, file: WorkloadFile, seed: number, problems: Problems): Workload {
  const { speed = 1, concurrency, requests = columns.count } = file;
  if (concurrency !== undefined && file.speed !== undefined)
    problems.add(at('speed'), 'a closed loop does not use the times of the trace; expected speed or concurrency');
  if (requests > columns.count) problems.add(at('requests'), `the trace has ${columns.count} requests, got ${requests}`);
  return { kind: 'trace', name, columns, speed, concurrency, requests, mix: mixOf(file, seed, problems) };
}

/** Sessions of a trace start all at once where nothing else is said; drawn ones need a rate or a concurrency. */
function inSessions(name: string, given: SessionSupply, file: WorkloadFile, seed: number, problems: Problems): SessionWorkload | undefined {
  const { context } = file;
  if (context !== undefined && (given.kind === 'recorded' || given.main.compaction === undefined))
    problems.add(
      at('context'),
      `${given.kind === 'recorded' ? 'recorded sessions keep their prompts' : `${name} does not say how a context is cut down`}; expected no context`,
    );
  const supply: SessionSupply = given.kind === 'drawn' ? { ...given, context } : given;
  const recorded = supply.kind === 'recorded' ? supply.plans : undefined;
  const sessions = file.sessions ?? recorded?.length ?? Infinity;
  const paced = file.rate !== undefined || file.concurrency !== undefined || tenantsRate(file.tenants) !== undefined;
  const arrivals = recorded !== undefined && !paced ? ({ kind: 'closed', concurrency: sessions } as const) : arrivalsOf(file, 1, problems);
  const mix = mixOf(file, seed, problems);
  if (arrivals === undefined) return undefined;
  if (arrivals.kind === 'closed' && arrivals.concurrency > sessions)
    problems.add(at('concurrency'), `${arrivals.concurrency} sessions at a time are more than the ${sessions} of the run`);
  const all = recorded === undefined ? drawnRequests(supply, sessions, seed) : requestsIn(recorded.map(turnsOf), sessions);
  const requests = file.requests ?? all;
  if (recorded !== undefined && requests > all) problems.add(at('requests'), `the ${sessions} sessions have ${all} requests, got ${requests}`);
  return { kind: 'sessions', name, supply, arrivals, sessions, maxThink: file['max-think'] ?? Infinity, requests, seed, mix };
}

/** Requests of so many drawn sessions: they are drawn once to be counted. */
function drawnRequests(supply: SessionSupply, sessions: number, seed: number): number {
  if (supply.kind !== 'drawn' || sessions === Infinity) return defaultRequests;
  const draw = sessionDrawer(supply, seed);
  let requests = 0;
  for (let k = 0; k < sessions; k++) requests += turnsOf(draw());
  return requests;
}

/** Requests of so many sessions, which go through the recorded ones in their order and then anew. */
function requestsIn(turns: readonly number[], sessions: number): number {
  const sum = (list: readonly number[]): number => list.reduce((all, one) => all + one, 0);
  return Math.floor(sessions / turns.length) * sum(turns) + sum(turns.slice(0, sessions % turns.length));
}

/** The part of a fitted pool's time that the file asks for; one that holds no window, or nobody who sends, is refused. */
function partOf(pool: ClientPool, { from = 0, span }: WorkloadFile, problems: Problems): ClientPool {
  const { window, windows } = pool;
  const [first, count] = [from / window, span === undefined ? windows : span / window];
  for (const [key, value] of [
    ['from', first],
    ['span', count],
  ] as const)
    if (!Number.isInteger(value)) problems.add(at(key), `expected a multiple of the ${window} s of a window of the pool`);
  if (problems.covers(at('from')) || problems.covers(at('span'))) return pool;
  const part = windowsOf(pool, first, count);
  if (meanRate(part) > 0) return part;
  problems.add(at('from'), 'nobody sends anything in this time');
  return pool;
}

function ofClients(name: string, pool: ClientPool, file: WorkloadFile, seed: number, problems: Problems): PoolWorkload {
  const mean = meanRate(pool);
  const rate = file.rate ?? tenantsRate(file.tenants) ?? mean;
  return { kind: 'client-pool', name, pool, scale: rate / mean, requests: file.requests ?? defaultRequests, seed, mix: mixOf(file, seed, problems) };
}

/** The traffic of a file: a generator or a trace, open or closed loop. */
export async function readWorkload(
  file: WorkloadFile,
  model: Model | undefined,
  scenarioSeed: number,
  sources: WorkloadSources,
  problems: Problems,
): Promise<Workload | undefined> {
  const seed = file.seed ?? scenarioSeed;
  if (file.trace !== undefined) return traced(file.trace, file, model, seed, sources, problems);
  for (const key of ['format', 'speed', 'pool'] as const) if (file[key] !== undefined) problems.add(at(key), 'belongs to a trace; expected trace beside it');
  if (problems.covers(at('trace'))) return undefined;
  const { generator: name } = file;
  const preset = name === undefined ? undefined : await problems.attempt(at('generator'), () => sources.preset(name, problems.at(at('generator'))));
  if (preset !== undefined) refuse(file, preset.kind, problems);
  const workload =
    preset === undefined || preset.kind === 'lengths'
      ? generated(file, preset, seed, problems)
      : preset.kind === 'sessions'
        ? inSessions(preset.name, preset.law, file, seed, problems)
        : ofClients(preset.name, partOf(preset.pool, file, problems), file, seed, problems);
  return workload === undefined ? undefined : fitsPositions(workload, model, at('input'), problems);
}

async function traced(
  path: string,
  file: WorkloadFile,
  model: Model | undefined,
  seed: number,
  sources: WorkloadSources,
  problems: Problems,
): Promise<Workload | undefined> {
  const made = (['generator', 'input', 'output', 'reuse'] as const).some((key) => file[key] !== undefined);
  if (made) {
    const keys = (['generator', ...keysOf.lengths] as const).filter((key) => file[key] !== undefined && key !== 'concurrency');
    problems.add('workload', `has both a trace and ${keys.join(', ')}; expected a trace or a generator`);
  }
  const choice = { name: file.pool, from: file.from, span: file.span };
  const content = await problems.attempt(at('trace'), () => sources.trace(path, file.format, problems.at(at('trace')), choice));
  if (content === undefined) return undefined;
  if (!made) refuse(file, content.kind, problems);
  const name = path.split(/[/\\]/).findLast((part) => part !== '') ?? path;
  const workload =
    content.kind === 'requests'
      ? replayed(name, content.columns, file, seed, problems)
      : content.kind === 'sessions'
        ? inSessions(name, content.sessions, file, seed, problems)
        : ofClients(file.pool ?? name, content.pool, file, seed, problems);
  return workload === undefined ? undefined : fitsPositions(workload, model, at('trace'), problems);
}
