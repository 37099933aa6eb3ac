import type { Issue } from '../../src/base/errors.ts';
import { InputError } from '../../src/base/errors.ts';

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A place that is not a map gives way, but for the items of a list, by their numbers: the check of the whole file says what belongs there. */
function assign(target: unknown, [key = '', ...rest]: readonly string[], value: unknown): unknown {
  if (Array.isArray(target)) return assignItem(target, key, rest, value);
  const record = isRecord(target) ? target : {};
  const { [key]: before, ...others } = record;
  if (rest.length > 0) return { ...record, [key]: assign(before, rest, value) };
  return value === null ? others : { ...record, [key]: value };
}

function assignItem(list: readonly unknown[], key: string, rest: readonly string[], value: unknown): unknown {
  const at = /^\d+$/.test(key) ? Number(key) : list.length;
  if (at >= list.length) throw new RangeError(`a list of ${list.length}; expected the number of an item from 0, got "${key}"`);
  if (rest.length === 0 && value === null) return list.filter((_, i) => i !== at);
  return list.with(at, rest.length === 0 ? value : assign(list[at], rest, value));
}

/**
 * Sets keys of a scenario before it is checked: `deployment.decode.npus=80`, or `faults.0.for=5 s` of an item of a list. The value is read by `parse` (YAML on the command line);
 * null takes the key away.
 * @throws InputError with every setting that is not `key=value`.
 */
export function applySettings(file: unknown, settings: readonly string[], parse: (text: string) => unknown): unknown {
  const issues: Issue[] = [];
  let result = file;
  for (const setting of settings) {
    const match = /^([^=]+)=(.*)$/s.exec(setting);
    const keys = (match?.[1] ?? '').trim().split('.');
    if (match === null || keys.some((key) => key === '')) {
      issues.push({ path: `--set ${setting}`, message: 'expected key=value with a dotted key, such as deployment.decode.npus=80' });
      continue;
    }
    try {
      result = assign(result, keys, parse(match[2] ?? ''));
    } catch (error) {
      const said = error instanceof Error ? (error.message.split('\n')[0] ?? '') : '';
      issues.push({ path: `--set ${setting}`, message: error instanceof RangeError ? said : `the value is not YAML: ${said}` });
    }
  }
  if (issues.length > 0) throw new InputError(issues);
  return result;
}
