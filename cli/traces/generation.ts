import { MOONCAKE_BLOCK } from '../../schema/traces/mooncake.ts';
import { type WrittenFormat, writtenFormats } from '../../schema/traces/write.ts';
import { type Preset, readPreset } from '../../schema/traces/preset.ts';
import { InputError, type Issue } from '../../src/base/errors.ts';
import { expectedOneOf } from '../../src/base/nearest.ts';
import { parseQuantity } from '../../src/base/quantity.ts';
import { meanRate } from '../../src/serving/traffic/client-pool.ts';
import type { Lengths, Workload } from '../../src/serving/traffic/workload.ts';
import { dataNames, readData } from '../data.ts';
import { parseLengths } from './laws.ts';

/** Flags of `trace generate` as they were typed. */
export interface GenerationFlags {
  readonly workload?: string;
  readonly input?: string;
  readonly output?: string;
  readonly rate?: string;
  readonly cv?: string;
  readonly requests: number;
  readonly seed: number;
  readonly format?: string;
  readonly out?: string;
}

/** What to generate, and how to write it. */
export interface Generation {
  readonly workload: Workload;
  readonly format: WrittenFormat;
}

/** Workloads of the catalogue that a trace can be made of: requests of sessions have no times before they are served. */
export function generatedWorkloads(): readonly string[] {
  return dataNames('workloads').filter((name) => readPreset(readData('workloads', name, '--workload').value, name).kind !== 'sessions');
}

/**
 * Checks the flags.
 * @throws InputError with everything that is wrong.
 */
export function readGeneration(flags: GenerationFlags): Generation {
  const issues: Issue[] = [];
  const named = flags.workload === undefined ? undefined : presetNamed(flags.workload, issues);
  if (named?.kind === 'sessions')
    issues.push({
      path: '--workload',
      message: `${named.name} is of sessions, whose requests have no times before they are served; expected another workload`,
    });
  if (named?.kind === 'client-pool') return ofClients(named, flags, issues);
  const preset = named?.kind === 'lengths' ? named : undefined;
  const input = lengthsOf('--input', flags.input, preset?.input, flags.workload, issues);
  const output = lengthsOf('--output', flags.output, preset?.output, flags.workload, issues);
  const rate = rateOf(flags.rate, issues);
  const cv = variationOf(flags.cv, issues) ?? preset?.cv ?? 1;
  const reuse = preset?.reuse;
  const format = formatOf(flags.format ?? (reuse === undefined ? 'csv' : 'mooncake'), issues);
  if (format === 'csv' && reuse !== undefined)
    issues.push({ path: '--format', message: `csv has no place for the prefixes that prompts of ${preset?.name} share; expected mooncake` });
  else if (format === 'mooncake' && reuse !== undefined && reuse.blockTokens !== MOONCAKE_BLOCK)
    issues.push({ path: '--format', message: `mooncake has blocks of ${MOONCAKE_BLOCK} tokens, and ${preset?.name} has blocks of ${reuse.blockTokens}` });
  if (issues.length > 0 || format === undefined || rate === undefined || input === undefined || output === undefined) throw new InputError(issues);
  const { requests, seed } = flags;
  return {
    format,
    workload: { kind: 'generator', name: preset?.name ?? 'generated', arrivals: { kind: 'gamma', rate, cv }, input, output, reuse, requests, seed },
  };
}

/** Clients have lengths and gaps of their own; without a rate they send as many requests as those that they were fitted to. */
function ofClients({ name, pool }: Extract<Preset, { kind: 'client-pool' }>, flags: GenerationFlags, issues: Issue[]): Generation {
  for (const key of ['input', 'output', 'cv'] as const)
    if (flags[key] !== undefined) issues.push({ path: `--${key}`, message: `the clients of ${name} have their own; expected no --${key}` });
  const mean = meanRate(pool);
  const rate = flags.rate === undefined ? mean : rateOf(flags.rate, issues);
  const format = formatOf(flags.format ?? 'csv', issues);
  if (issues.length > 0 || format === undefined || rate === undefined) throw new InputError(issues);
  return { format, workload: { kind: 'client-pool', name, pool, scale: rate / mean, requests: flags.requests, seed: flags.seed } };
}

function formatOf(typed: string, issues: Issue[]): WrittenFormat | undefined {
  const known = writtenFormats.find((name) => name === typed);
  if (known === undefined) issues.push({ path: '--format', message: expectedOneOf(typed, writtenFormats) });
  return known;
}

function presetNamed(name: string, issues: Issue[]): Preset | undefined {
  try {
    const file = readData('workloads', name, '--workload');
    return readPreset(file.value, file.path);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    issues.push(...error.issues);
    return undefined;
  }
}

function lengthsOf(flag: string, typed: string | undefined, preset: Lengths | undefined, workload: string | undefined, issues: Issue[]): Lengths | undefined {
  if (typed === undefined) {
    if (workload === undefined) issues.push({ path: flag, message: 'expected a law of lengths, or a --workload that has one' });
    return preset;
  }
  const law = parseLengths(typed);
  if (typeof law !== 'string') return law;
  issues.push({ path: flag, message: law });
  return undefined;
}

function rateOf(typed: string | undefined, issues: Issue[]): number | undefined {
  const parsed = typed === undefined ? { problem: 'expected a rate such as 10/s' } : parseQuantity(typed, 'rate');
  if (parsed.problem !== undefined) issues.push({ path: '--rate', message: parsed.problem });
  else if (parsed.value > 0) return parsed.value;
  else issues.push({ path: '--rate', message: `expected a rate above 0, got ${typed}` });
  return undefined;
}

function variationOf(typed: string | undefined, issues: Issue[]): number | undefined {
  if (typed === undefined) return undefined;
  const value = Number(typed);
  if (typed.trim() !== '' && value >= 0 && value <= 100) return value;
  issues.push({ path: '--cv', message: `expected a coefficient of variation from 0 to 100 (1 is Poisson), got "${typed}"` });
  return undefined;
}
