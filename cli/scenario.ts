import { existsSync, statSync, type Stats } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import process from 'node:process';
import { parse } from 'yaml';
import { applySettings } from '../schema/scenario/overrides.ts';
import type { ScenarioContext } from '../schema/scenario/read.ts';
import { readScenario } from '../schema/scenario/read.ts';
import { placed } from '../schema/read.ts';
import { parseServiceLevel } from '../schema/scenario/slo.ts';
import { readPreset } from '../schema/traces/preset.ts';
import { SERVEGEN } from '../schema/traces/names.ts';
import { assert, InputError } from '../src/base/errors.ts';
import { precisionOf } from '../src/model/precision.ts';
import type { Scenario } from '../src/serving/scenario.ts';
import { parseFile, readData } from './data.ts';
import { unread } from './file-problem.ts';
import { Gathered } from './gathered.ts';
import { lookedFor } from './looked-for.ts';
import { loadMachine } from './machines.ts';
import { loadModel } from './models.ts';
import { checkOwnCells, ownCellsAt, withOwnCells, type OwnCells } from './own-cells.ts';
import { loadStack } from './stacks.ts';
import { loadServeGen } from './servegen.ts';
import { readText } from './text-file.ts';
import { readTraceFile } from './traces.ts';

/** Flags that change a scenario before it is checked. */
export interface ScenarioFlags {
  /** `key=value`, in order. */
  readonly set?: readonly string[] | undefined;
  /** `ttft:2s,tpot:50ms` */
  readonly slo?: string | undefined;
  readonly seed?: number | undefined;
  /** Replaces the traffic; relative to the working directory. */
  readonly trace?: string | undefined;
  readonly requests?: number | undefined;
  /** Files of cells that price in place of those that are shipped; relative to the working directory. */
  readonly calibration?: readonly string[] | undefined;
}

/** The flags as they are typed, for a command line that does the same again. */
export function typedFlags(flags: ScenarioFlags): readonly string[] {
  const single = (['trace', 'requests', 'seed', 'slo'] as const).flatMap((name) => (flags[name] === undefined ? [] : [`--${name}`, String(flags[name])]));
  return [...single, ...(flags.calibration ?? []).flatMap((path) => ['--calibration', path]), ...(flags.set ?? []).flatMap((setting) => ['--set', setting])];
}

type Fields = Readonly<Record<string, unknown>>;

function mapAt(value: unknown, key: string): Fields {
  const inner: unknown = typeof value === 'object' && value !== null ? (value as Fields)[key] : undefined;
  return typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? (inner as Fields) : {};
}

/** Catalogue, files and traces on disk; paths are relative to `base`. `own`: cells in place of those that are shipped. */
export function contextAt(base: string, own: readonly OwnCells[] = []): ScenarioContext {
  return {
    machine: (nameOrPath, at) => loadMachine(nameOrPath, at, base),
    model: (nameOrPath, at) => loadModel(nameOrPath, at, base),
    stack: (nameOrPath, at) => loadStack(nameOrPath, at, base, { cells: () => withOwnCells(own) }),
    text: (path, at) => readText(resolve(base, path), path, at, base),
    precision: precisionOf,
    preset: (name, at) => {
      const file = readData('workloads', name, at, base);
      return readPreset(file.value, file.path);
    },
    trace: async (path, format, at, choice) => {
      const place = resolve(base, path);
      if (format === SERVEGEN || (format === undefined && statOf(place)?.isDirectory() === true)) {
        if (statOf(place)?.isDirectory() !== true) throw new InputError([{ path: at, message: `no such folder: ${path}${lookedFor(path, base)}` }]);
        return { kind: 'client-pool', pool: await loadServeGen(place, choice, at) };
      }
      if (!existsSync(place)) throw new InputError([{ path: at, message: `no such trace file: ${path}${lookedFor(path, base)}` }]);
      const shown = relative(process.cwd(), place);
      return (await readTraceFile(shown.startsWith('..') ? place : shown, format)).content;
    },
  };
}

/** The file's content with the flags applied as if they stood in it. */
function withFlags(content: unknown, flags: ScenarioFlags): unknown {
  const settings: string[] = [];
  if (flags.seed !== undefined) settings.push(`seed=${flags.seed}`, 'workload.seed=null');
  if (flags.trace !== undefined) {
    for (const key of Object.keys(mapAt(content, 'workload')))
      if (key !== 'trace' && key !== 'speed' && key !== 'requests') settings.push(`workload.${key}=null`);
    settings.push(`workload.trace=${JSON.stringify(resolve(flags.trace))}`);
    if (mapAt(content, 'workload')['trace'] === undefined) settings.push('workload.requests=null');
  }
  if (flags.requests !== undefined) settings.push(`workload.requests=${flags.requests}`);
  if (flags.slo !== undefined) {
    settings.push('slo=null');
    for (const [metric, seconds] of Object.entries(parseServiceLevel(flags.slo, '--slo'))) settings.push(`slo.${metric}=${seconds} s`);
  }
  return applySettings(applySettings(content, settings, parse), flags.set ?? [], parse);
}

/**
 * A scenario from its file and the flags of a command line.
 * @throws InputError with everything that is wrong.
 */
export async function loadScenario(path: string, flags: ScenarioFlags = {}): Promise<Scenario> {
  const gathered = new Gathered();
  const own = (await gathered.attempt(() => ownCellsAt(flags.calibration ?? []))) ?? [];
  const scenario = await gathered.attempt(() => readScenario(scenarioContent(path, flags), path, contextAt(dirname(resolve(path)), own)));
  gathered.settle();
  assert(scenario !== undefined, 'a scenario without problems');
  checkOwnCells(own, scenario.machine.chip, scenario.stack);
  return scenario;
}

/** As `loadScenario`, for verbs that are of one machine. @throws InputError for a fleet, too */
export async function loadOneMachine(path: string, flags: ScenarioFlags): Promise<Scenario> {
  const scenario = await loadScenario(path, flags);
  if (scenario.fleet === undefined) return scenario;
  throw new InputError([
    { path: placed(path, 'fleet'), message: 'one machine is asked for; expected a scenario without a fleet, such as with --set fleet=null' },
  ]);
}

/** What a scenario file and the flags say together, not checked. @throws InputError where it cannot be parsed */
export function scenarioContent(path: string, flags: ScenarioFlags): unknown {
  existingFile(path, 'scenario file');
  return withFlags(parseFile(path), flags);
}

/** Whether a scenario that is not checked yet is of a fleet: other flags go with it. @throws InputError where it cannot be parsed */
export function isOfFleet(path: string, flags: ScenarioFlags): boolean {
  const content = scenarioContent(path, flags);
  const fleet: unknown = typeof content === 'object' && content !== null && 'fleet' in content ? content.fleet : undefined;
  return fleet !== undefined && fleet !== null;
}

/** @throws InputError where there is no such file, or it may not be looked at */
export function existingFile(path: string, what: string): void {
  const there = statOf(path);
  if (there?.isDirectory() === true) throw new InputError([{ path, message: `is a folder; expected ${/^[aeio]/.test(what) ? 'an' : 'a'} ${what}` }]);
  if (there?.isFile() !== true) throw new InputError([{ path, message: `no such ${what}` }]);
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw unread(path, error);
  }
}
