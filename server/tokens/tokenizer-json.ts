import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Tokenizer as Reader } from '@huggingface/tokenizers';
import { InputError } from '../../src/base/errors.ts';
import type { Tokenizer } from './tokenizer.ts';

/**
 * The tokenizer of a `tokenizer.json`, or of a folder that holds one; a `tokenizer_config.json` beside it is read as well.
 * @throws InputError where there is none, or it cannot be read.
 */
export function tokenizerFrom(path: string): Tokenizer {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there === undefined) throw new InputError([{ path, message: 'no such file; expected a tokenizer.json or a folder that holds one' }]);
  const file = there.isDirectory() ? join(path, 'tokenizer.json') : path;
  const folder = dirname(file);
  const reader = opened(file, parsed(file, true), parsed(join(folder, 'tokenizer_config.json'), false));
  const vocabulary = [...reader.get_vocab(true).values()].reduce((most, id) => Math.max(most, id), -1) + 1;
  const decoding = { skip_special_tokens: false, clean_up_tokenization_spaces: false };
  return {
    name: basename(file) === 'tokenizer.json' ? basename(folder) : basename(file),
    vocabulary,
    encode: (text) => reader.encode(text, { add_special_tokens: false }).ids,
    // Decoders stop at ids without a token.
    decode: (ids) => {
      const known = ids.filter((id) => reader.id_to_token(id) !== undefined);
      return known.length === 0 ? '' : reader.decode(known, decoding);
    },
  };
}

function opened(path: string, file: object, config: object): Reader {
  try {
    const reader = new Reader(file, config);
    reader.encode('a');
    return reader;
  } catch (error) {
    throw new InputError([
      { path, message: `is no tokenizer that can be read (${error instanceof Error ? error.message : String(error)}); expected one in the tokenizers format` },
    ]);
  }
}

function parsed(path: string, needed: boolean): object {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (!needed) return {};
    throw new InputError([{ path, message: `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}); expected a tokenizer.json` }]);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (error) {
    throw new InputError([{ path, message: `is no JSON: ${error instanceof Error ? error.message : String(error)}` }]);
  }
  throw new InputError([{ path, message: 'holds no object; expected a tokenizer.json' }]);
}
