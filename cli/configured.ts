import process from 'node:process';
import { Option, type Command } from 'commander';
import { InputError, type Issue } from '../src/base/errors.ts';
import { expectedOneOf } from '../src/base/nearest.ts';
import { parseFile } from './data.ts';
import { existingFile } from './scenario.ts';

/**
 * Lets every flag of a verb be set by the environment (`SUPERNODE_` and its name) and by a file as well: the command line goes before the
 * environment, that before the file of `--config`, that before the default.
 */
export function configured(verb: Command, otherNames: Readonly<Record<string, string>> = {}): Command {
  for (const option of verb.options) {
    const name = option.name();
    option.env(otherNames[name] ?? `SUPERNODE_${name.replaceAll('-', '_').toUpperCase()}`);
  }
  return verb.addOption(new Option('--config <file>', 'YAML file with flags by their names, without dashes').env('SUPERNODE_CONFIG'));
}

/**
 * Sets what the environment says and the command line does not, then what `--config` says and neither does.
 * @throws InputError with everything that is wrong
 */
export function applyConfig(verb: Command): void {
  const issues: Issue[] = [];
  const set = (option: Option, value: unknown, source: 'env' | 'config', path: string): void => {
    try {
      verb.setOptionValueWithSource(option.attributeName(), valueOf(option, value), source);
    } catch (error) {
      issues.push({ path, message: error instanceof Error ? error.message : String(error) });
    }
  };
  for (const option of verb.options) {
    const { envVar } = option;
    const value = envVar === undefined ? undefined : process.env[envVar];
    if (envVar === undefined || value === undefined || verb.getOptionValueSource(option.attributeName()) === 'cli') continue;
    set(option, option.isBoolean() ? (worded[value] ?? value) : value, 'env', envVar);
  }
  const path = verb.getOptionValue('config') as string | undefined;
  for (const [key, value] of Object.entries(path === undefined ? {} : fileOf(path))) {
    const option = verb.options.find((one) => one.name() === key && key !== 'config');
    if (option === undefined) {
      const names = verb.options.map((one) => one.name()).filter((name) => name !== 'config');
      issues.push({ path: `${path}: ${key}`, message: `unknown key: ${expectedOneOf(key, names)}` });
      continue;
    }
    const source = verb.getOptionValueSource(option.attributeName());
    if (source !== 'cli' && source !== 'env') set(option, value, 'config', `${path}: ${key}`);
  }
  if (issues.length > 0) throw new InputError(issues);
}

/** What a flag without a value may be set to in the environment. */
const worded: Readonly<Record<string, boolean>> = { true: true, '1': true, false: false, '0': false };

function fileOf(path: string): object {
  existingFile(path, 'file of flags');
  const content = parseFile(path);
  if (typeof content !== 'object' || content === null || Array.isArray(content)) throw new InputError([{ path, message: 'expected a map of flags' }]);
  return content;
}

function valueOf(option: Option, value: unknown): unknown {
  if (option.isBoolean() || option.negate) {
    if (typeof value === 'boolean') return value;
    throw new Error(`expected true or false, got ${String(value)}`);
  }
  const texts = (Array.isArray(value) ? value : [value]).map((one) => {
    if (typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean') return String(one);
    throw new Error('expected a text or a number');
  });
  if (option.variadic) return texts;
  const parse = option.parseArg as ((text: string, before: unknown) => unknown) | undefined;
  return parse === undefined ? texts.join(',') : texts.reduce<unknown>((before, text) => parse(text, before), undefined);
}

/** Values of a list in the environment, split at commas. */
export function listFrom(value: readonly string[] | string | undefined): readonly string[] {
  return (typeof value === 'string' ? [value] : (value ?? [])).flatMap((one) => one.split(',')).filter((one) => one !== '');
}
