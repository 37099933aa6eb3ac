import type { Model } from '../../src/model/model.ts';
import type { Arrivals, Lengths, Reuse, TraceColumns, Workload } from '../../src/serving/traffic/workload.ts';
import type { WorkloadFile } from './file.ts';
import type { Problems } from './problems.ts';

/** Lengths, reuse and burstiness of a kind of traffic, without its rate. */
interface WorkloadPreset {
  readonly input: Lengths;
  readonly output: Lengths;
  readonly reuse?: Reuse | undefined;
  /** Coefficient of variation of the gaps between arrivals. */
  readonly cv: number;
}

/** Where the shell finds presets and traces. */
export interface WorkloadSources {
  readonly preset: (name: string, at: string) => WorkloadPreset | Promise<WorkloadPreset>;
  readonly trace: (path: string, format: string | undefined, at: string) => TraceColumns | Promise<TraceColumns>;
}

const defaultRequests = 10_000;
const generatorKeys = ['generator', 'arrivals', 'rate', 'cv', 'input', 'output', 'reuse', 'seed'] as const;
const traceKeys = ['trace', 'format', 'speed'] as const;
const at = (key: string): string => `workload.${key}`;

function arrivalsOf(file: WorkloadFile, preset: WorkloadPreset | undefined, problems: Problems): Arrivals | undefined {
  const { rate, concurrency, arrivals, cv } = file;
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
  if (arrivals === 'gamma' && cv === undefined && preset === undefined && !problems.covers(at('cv')))
    problems.add(at('cv'), 'expected the coefficient of variation of gamma arrivals, such as 1.5');
  const variation = arrivals === 'poisson' ? 1 : (cv ?? preset?.cv ?? 1);
  return variation === 1 ? { kind: 'poisson', rate } : { kind: 'gamma', rate, cv: variation };
}

function reuseOf(file: WorkloadFile, preset: WorkloadPreset | undefined): Reuse | undefined {
  if (file.reuse === undefined) return preset?.reuse;
  const { share = preset?.reuse?.share ?? 0, window = preset?.reuse?.window ?? 1000 } = file.reuse;
  const blockTokens = file.reuse['block-tokens'] ?? preset?.reuse?.blockTokens ?? 128;
  return share === 0 ? undefined : { share, window, blockTokens };
}

/** The shortest length that a law gives. */
function shortest(lengths: Lengths): number {
  switch (lengths.kind) {
    case 'fixed':
      return lengths.tokens;
    case 'uniform':
      return lengths.min;
    case 'lognormal':
      return 1;
    case 'empirical':
      return lengths.tokens[0] ?? 1;
  }
}

/** Tokens of the shortest request that can come. */
export function shortestRequest(workload: Workload): number {
  if (workload.kind === 'generator') return shortest(workload.input) + shortest(workload.output);
  const { count, inputTokens, outputTokens } = workload.columns;
  let least = Infinity;
  for (let i = 0; i < count; i++) least = Math.min(least, (inputTokens[i] ?? 0) + (outputTokens[i] ?? 0));
  return least;
}

function fitsPositions(workload: Workload, model: Model | undefined, place: string, problems: Problems): Workload {
  const least = shortestRequest(workload);
  if (model !== undefined && least > model.maxPositions)
    problems.add(place, `every request has at least ${least} tokens, ${model.name} takes ${model.maxPositions}`);
  return workload;
}

async function generator(
  file: WorkloadFile,
  model: Model | undefined,
  seed: number,
  sources: WorkloadSources,
  problems: Problems,
): Promise<Workload | undefined> {
  const { generator: name, requests = defaultRequests } = file;
  const preset = name === undefined ? undefined : await problems.attempt(at('generator'), () => sources.preset(name, problems.at(at('generator'))));
  const arrivals = arrivalsOf(file, preset, problems);
  const input = file.input ?? preset?.input;
  const output = file.output ?? preset?.output;
  if (name === undefined && !problems.covers(at('generator')))
    for (const key of ['input', 'output'] as const)
      if (file[key] === undefined && !problems.covers(at(key))) problems.add(at(key), 'expected a length, or a generator that has it, got neither');
  if (input === undefined || output === undefined || arrivals === undefined) return undefined;
  if (arrivals.kind === 'closed' && arrivals.concurrency > requests)
    problems.add(at('concurrency'), `${arrivals.concurrency} requests in flight are more than the ${requests} of the run`);
  const workload: Workload = {
    kind: 'generator',
    name: name ?? 'custom',
    arrivals,
    input,
    output,
    reuse: reuseOf(file, preset),
    requests,
    seed: file.seed ?? seed,
  };
  return fitsPositions(workload, model, at('input'), problems);
}

async function traced(file: WorkloadFile, model: Model | undefined, sources: WorkloadSources, problems: Problems): Promise<Workload | undefined> {
  const { trace: path = '', speed = 1, concurrency } = file;
  if (concurrency !== undefined && file.speed !== undefined)
    problems.add(at('speed'), 'a closed loop does not use the times of the trace; expected speed or concurrency');
  const columns = await problems.attempt(at('trace'), () => sources.trace(path, file.format, problems.at(at('trace'))));
  if (columns === undefined) return undefined;
  const requests = file.requests ?? columns.count;
  if (requests > columns.count) problems.add(at('requests'), `the trace has ${columns.count} requests, got ${requests}`);
  const name = path.split(/[/\\]/).at(-1) ?? path;
  return fitsPositions({ kind: 'trace', name, columns, speed, concurrency, requests }, model, at('trace'), problems);
}

/** The traffic of a file: a generator or a trace, open or closed loop. */
export async function readWorkload(
  file: WorkloadFile,
  model: Model | undefined,
  seed: number,
  sources: WorkloadSources,
  problems: Problems,
): Promise<Workload | undefined> {
  if (file.trace === undefined) {
    for (const key of ['format', 'speed'] as const) if (file[key] !== undefined) problems.add(at(key), 'belongs to a trace; expected trace beside it');
    if (problems.covers(at('trace'))) return undefined;
    return generator(file, model, seed, sources, problems);
  }
  const others = generatorKeys.filter((key) => file[key] !== undefined);
  if (others.length > 0)
    problems.add(
      'workload',
      `has both a trace and ${others.join(', ')}; expected a trace (${traceKeys.slice(1).join(', ')}, concurrency, requests) or a generator`,
    );
  return traced(file, model, sources, problems);
}
