import { parse, YAMLParseError } from 'yaml';
import { InputError } from '../src/base/errors.ts';

/**
 * Parses YAML or JSON text. `path` names the file in errors.
 * @throws InputError for an empty or broken file, with the line.
 */
export function parseText(text: string, path: string): unknown {
  if (text.trim() === '') throw new InputError([{ path, message: 'the file is empty' }]);
  try {
    return parse(text, { prettyErrors: true }) as unknown;
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    const line = error.linePos?.[0].line;
    // The place stands in front already.
    const message = (error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
    throw new InputError([{ path: line === undefined ? path : `${path}: line ${line}`, message }]);
  }
}
