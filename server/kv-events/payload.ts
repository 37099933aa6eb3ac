import { decode, encode } from '@msgpack/msgpack';
import { InputError } from '../../src/base/errors.ts';
import type { ExtraKeys } from '../tokens/block-hash.ts';
import type { KvBatch, KvEvent, WireHash } from './event.ts';

/** How events are laid out: as arrays by position (older vLLM, SGLang), or as maps with a `type`. */
export type Dialect = 'positional' | 'map';

/**
 * A batch as msgpack. Arrays have all of their fields: msgspec, which servers write them with, leaves defaults out of maps only. A reader must do without
 * those at the end all the same, as older servers have fewer.
 */
export function encodeBatch({ at, events, rank }: KvBatch, dialect: Dialect): Uint8Array {
  const laid = events.map((event) => (dialect === 'map' ? asMap(event) : asArray(event)));
  return encode([at, laid, rank ?? null], { useBigInt64: true });
}

function asArray(event: KvEvent): readonly unknown[] {
  switch (event.kind) {
    case 'stored': {
      const { hashes, parent, tokens, blockSize, medium, loraName, extraKeys } = event;
      const keys = extraKeys.some((one) => one !== null) ? [...extraKeys] : null;
      return ['BlockStored', hashes, parent ?? null, tokens, blockSize, null, medium ?? null, loraName ?? null, keys];
    }
    case 'removed':
      return ['BlockRemoved', event.hashes, event.medium ?? null];
    case 'cleared':
      return ['AllBlocksCleared'];
  }
}

function asMap(event: KvEvent): Readonly<Record<string, unknown>> {
  switch (event.kind) {
    case 'stored': {
      const { hashes, parent, tokens, blockSize, medium, loraName, extraKeys } = event;
      return {
        type: 'BlockStored',
        block_hashes: hashes,
        parent_block_hash: parent ?? null,
        token_ids: tokens,
        block_size: blockSize,
        lora_id: null,
        medium: medium ?? null,
        lora_name: loraName ?? null,
        ...(extraKeys.some((one) => one !== null) ? { extra_keys: extraKeys } : {}),
        group_idx: 0,
        kv_cache_spec_kind: 'full_attention',
      };
    }
    case 'removed':
      return { type: 'BlockRemoved', block_hashes: event.hashes, medium: event.medium ?? null, group_idx: 0 };
    case 'cleared':
      return { type: 'AllBlocksCleared' };
  }
}

/** Positions of the fields of an array behind its tag. */
const order = {
  BlockStored: ['block_hashes', 'parent_block_hash', 'token_ids', 'block_size', 'lora_id', 'medium', 'lora_name', 'extra_keys'],
  BlockRemoved: ['block_hashes', 'medium'],
  AllBlocksCleared: [],
} as const;

type Fields = Readonly<Record<string, unknown>>;

/**
 * A batch of either dialect.
 * @throws InputError where the bytes are none
 */
export function decodeBatch(payload: Uint8Array): KvBatch {
  let value: unknown;
  try {
    value = decode(payload, { useBigInt64: true });
  } catch (error) {
    throw wrong('', `is no msgpack: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!Array.isArray(value) || typeof value[0] !== 'number' || !Array.isArray(value[1])) throw wrong('', 'expected [time, [events], rank]');
  const [at, events, rank] = value as unknown as readonly [number, readonly unknown[], unknown];
  return { at, events: events.map((event, i) => eventOf(event, `events[${i}]`)), rank: typeof rank === 'number' ? rank : undefined };
}

function eventOf(event: unknown, path: string): KvEvent {
  const [kind, fields] = fieldsOf(event);
  switch (kind) {
    case 'BlockStored': {
      const tokens = fields['token_ids'];
      const blockSize = fields['block_size'];
      if (!Array.isArray(tokens) || !tokens.every((one) => typeof one === 'number')) throw wrong(`${path}.token_ids`, 'expected a list of numbers');
      if (typeof blockSize !== 'number') throw wrong(`${path}.block_size`, 'expected a number');
      const hashes = hashesOf(fields['block_hashes'], `${path}.block_hashes`);
      const parent = fields['parent_block_hash'] ?? undefined;
      const keys = fields['extra_keys'];
      return {
        kind: 'stored',
        hashes,
        parent: parent === undefined ? undefined : hashOf(parent, `${path}.parent_block_hash`),
        tokens,
        blockSize,
        loraName: textOf(fields['lora_name']),
        medium: textOf(fields['medium']),
        extraKeys: Array.isArray(keys) ? (keys as readonly ExtraKeys[]) : hashes.map(() => null),
      };
    }
    case 'BlockRemoved':
      return { kind: 'removed', hashes: hashesOf(fields['block_hashes'], `${path}.block_hashes`), medium: textOf(fields['medium']) };
    case 'AllBlocksCleared':
      return { kind: 'cleared' };
    case undefined:
    default:
      throw wrong(path, `has the type ${JSON.stringify(kind)}; expected ${Object.keys(order).join(', ')}`);
  }
}

function fieldsOf(event: unknown): readonly [string | undefined, Fields] {
  if (Array.isArray(event)) {
    const [kind, ...values] = event as readonly unknown[];
    const names = typeof kind === 'string' && kind in order ? order[kind as keyof typeof order] : [];
    return [typeof kind === 'string' ? kind : undefined, Object.fromEntries(names.map((name, i) => [name, values[i]]))];
  }
  const fields = typeof event === 'object' && event !== null ? (event as Fields) : {};
  return [textOf(fields['type']), fields];
}

function hashesOf(value: unknown, path: string): readonly WireHash[] {
  if (!Array.isArray(value)) throw wrong(path, 'expected a list of hashes');
  return value.map((one) => hashOf(one, path));
}

/** Signed numbers are read as the unsigned ones of the same bits. */
function hashOf(value: unknown, path: string): WireHash {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))) return BigInt.asUintN(64, BigInt(value));
  throw wrong(path, 'expected a hash: a number of 64 bits, or bytes');
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function wrong(path: string, message: string): InputError {
  return new InputError([{ path: `payload${path === '' ? '' : `.${path}`}`, message }]);
}
