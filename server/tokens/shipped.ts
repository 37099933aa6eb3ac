import ranks from 'gpt-tokenizer/bpeRanks/o200k_base';
import { encode, vocabularySize } from 'gpt-tokenizer/encoding/o200k_base';
import type { Tokenizer } from './tokenizer.ts';

const plain = { disallowedSpecial: new Set<string>() };
const bytes = new TextEncoder();
const unreadable = Uint8Array.of(0xef, 0xbf, 0xbd);

/**
 * The tokenizer of the npm package gpt-tokenizer: byte-level BPE over some 200,000 ranks. Its own `decode` carries half a character over from
 * one call to the next, so ids are looked up in its ranks here. An id that no rank has reads as U+FFFD.
 */
export const shipped: Tokenizer = {
  name: 'o200k_base',
  vocabulary: vocabularySize,
  encode: (text) => encode(text, plain),
  decode: (ids) => {
    const parts = ids.map((id) => ranks[id]);
    if (parts.every((part) => typeof part === 'string')) return parts.join('');
    return Buffer.concat(
      parts.map((part) => (part === undefined ? unreadable : typeof part === 'string' ? bytes.encode(part) : Uint8Array.from(part))),
    ).toString();
  },
};
