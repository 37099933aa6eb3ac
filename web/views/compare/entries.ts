import { keyAt, type ScenarioState } from '../../state/scenario.ts';
import { pack, unpack } from '../../state/link.ts';
import { exampleState } from '../../state/start.ts';

/** At most so many are told apart at a glance; a comparison of the command line takes as many. */
export const mostEntries = 4;

/**
 * What is compared with the scenario, as the address has it: `ex:NAME` an example, `on:MACHINE` the scenario on another machine, `s:PACKED` a scenario
 * from disk. Parted by `~`.
 */
export type EntryKey = string;

export function keysIn(text: string | undefined): readonly EntryKey[] {
  return text === undefined || text === '' ? [] : text.split('~').slice(0, mostEntries - 1);
}

export function textOf(keys: readonly EntryKey[]): string | undefined {
  return keys.length === 0 ? undefined : keys.join('~');
}

export async function keyOfFile(state: ScenarioState): Promise<EntryKey> {
  return `s:${await pack(state)}`;
}

/** The scenario of a key; undefined where there is none. */
export async function entryOf(key: EntryKey, base: ScenarioState): Promise<ScenarioState | undefined> {
  const [kind, rest] = [key.slice(0, key.indexOf(':')), key.slice(key.indexOf(':') + 1)];
  if (kind === 'ex') return exampleState(rest);
  if (kind === 'on') return onMachine(base, rest);
  return kind === 's' ? unpack(rest) : undefined;
}

/** The same deployment on another machine: with that machine's own software and planes. */
function onMachine({ name, value, files }: ScenarioState, machine: string): ScenarioState {
  const { stack: _stack, deployment, ...others } = value;
  const { 'transfer-plane': _plane, cache, ...pools } = (deployment ?? {}) as Readonly<Record<string, unknown>>;
  const { plane: _cachePlane, ...cached } = (cache ?? {}) as Readonly<Record<string, unknown>>;
  return { name: `${name} on ${machine}`, value: { ...others, machine, deployment: cache === undefined ? pools : { ...pools, cache: cached } }, files };
}

/** Keys of scenarios whose values differ, with those values. */
export function differences(states: readonly ScenarioState[]): readonly { readonly key: string; readonly values: readonly string[] }[] {
  const keys = [...new Set(states.flatMap(({ value }) => leaves(value)))];
  return keys.map((key) => ({ key, values: states.map(({ value }) => said(keyAt(value, key.split('.')))) })).filter(({ values }) => new Set(values).size > 1);
}

function leaves(value: unknown, at = ''): readonly string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [at];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, at === '' ? key : `${at}.${key}`));
}

function said(value: unknown): string {
  if (value === undefined) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
