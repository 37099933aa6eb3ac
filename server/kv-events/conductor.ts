import type { KvBatch, WireHash } from './event.ts';
import { SequenceHashes } from './sequence-hash.ts';
import { KvSubscriber } from './subscriber.ts';

/** An answer to a call over HTTP. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

/** One publisher of KV events that was registered. */
interface Registered {
  readonly endpoint: string;
  readonly replayEndpoint: string | undefined;
  readonly model: string;
  readonly tenant: string;
  readonly instance: string;
  readonly blockSize: number;
  readonly rank: number;
  readonly salt: string;
}

/** What a publisher has: by rolling hash the media, and the rolling hash by the name that its engine gives a block. */
interface Shelf {
  readonly of: Registered;
  readonly hashes: SequenceHashes;
  readonly blocks: Map<bigint, Set<string>>;
  readonly names: Map<string, bigint>;
  subscriber: KvSubscriber | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

const tiers = { GPU: ['GPU', 'gpu'], CPU: ['CPU_PINNED', 'CPU', 'cpu'], DISK: ['DISK', 'disk'] } as const;
/** Publishers that are listened to at once. */
const most = 1024;

/**
 * Listens to registered publishers and tells how much of a prompt each instance has, by the calls of Mooncake's conductor: `/register`, `/unregister`,
 * `/query`, `/query_by_hash`. Counts are tokens of the leading run.
 */
export class Conductor {
  readonly #shelves = new Map<string, Shelf>();

  /** Answers a call; undefined for one that is none of its own. */
  async handle(path: string, body: unknown): Promise<Reply | undefined> {
    const fields: Fields = typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Fields) : {};
    switch (path) {
      case '/register':
        return this.#register(fields);
      case '/unregister':
        return this.#unregister(fields);
      case '/query':
        return this.#query(fields);
      case '/query_by_hash':
        return this.#queryByHash(fields);
      default:
        return undefined;
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#shelves.values()].map(async ({ subscriber }) => subscriber?.close()));
    this.#shelves.clear();
  }

  async #register(body: Fields): Promise<Reply> {
    const problems: string[] = [];
    const text = (key: string, otherwise?: string): string => {
      const value = body[key] ?? otherwise;
      if (typeof value === 'string' && (value !== '' || otherwise !== undefined)) return value;
      problems.push(`${key}: expected a text`);
      return '';
    };
    const blockSize = body['block_size'];
    if (typeof blockSize !== 'number' || !Number.isSafeInteger(blockSize) || blockSize < 1) problems.push('block_size: expected a whole number above 0');
    const rank = body['dp_rank'] ?? 0;
    if (typeof rank !== 'number' || !Number.isSafeInteger(rank) || rank < 0) problems.push('dp_rank: expected a whole number from 0');
    const endpoint = text('endpoint');
    if (!/^(?:tcp|ipc):\/\//.test(endpoint)) problems.push('endpoint: expected tcp://HOST:PORT or ipc://PATH');
    const replay = text('replay_endpoint', '');
    const type = text('type', 'vLLM');
    if (!/^(?:vllm|sglang)$/i.test(type)) problems.push('type: expected vLLM or SGLang');
    const of: Registered = {
      endpoint,
      replayEndpoint: replay === '' ? undefined : replay,
      model: text('modelname'),
      tenant: text('tenant_id', 'default'),
      instance: text('instance_id'),
      blockSize: Number(blockSize),
      rank: Number(rank),
      salt: text('additionalsalt', ''),
    };
    if (problems.length > 0) return refused(problems);
    if (this.#shelves.has(keyOf(of))) return refused([`${of.instance} rank ${of.rank} of ${of.tenant} is registered already`], 409);
    if (this.#shelves.size >= most) return refused([`${most} publishers are registered already`], 429);
    const shelf: Shelf = { of, hashes: await SequenceHashes.of(of.salt), blocks: new Map(), names: new Map(), subscriber: undefined };
    this.#shelves.set(keyOf(of), shelf);
    try {
      shelf.subscriber = await KvSubscriber.open({ endpoint, replayEndpoint: of.replayEndpoint }, (batch) => apply(shelf, batch));
    } catch (error) {
      this.#shelves.delete(keyOf(of));
      return refused([`endpoint: ${error instanceof Error ? error.message : String(error)}`]);
    }
    return { status: 200, body: { status: 'ok' } };
  }

  async #unregister(body: Fields): Promise<Reply> {
    const found = [...this.#shelves.values()].filter(
      ({ of }) =>
        of.instance === body['instance_id'] &&
        of.tenant === (body['tenant_id'] ?? 'default') &&
        (body['dp_rank'] === undefined || of.rank === body['dp_rank']) &&
        (body['endpoint'] === undefined || of.endpoint === body['endpoint']),
    );
    if (found.length === 0) return refused(['no such instance is registered'], 404);
    for (const { of } of found) this.#shelves.delete(keyOf(of));
    await Promise.all(found.map(async ({ subscriber }) => subscriber?.close()));
    return { status: 200, body: { status: 'ok', unregistered: found.length } };
  }

  async #query(body: Fields): Promise<Reply> {
    const tokens = body['token_ids'];
    if (!Array.isArray(tokens) || !tokens.every((one) => Number.isSafeInteger(one) && one >= 0 && one < 2 ** 32))
      return refused(['token_ids: expected a list of token ids']);
    const { salt, problem } = saltOf(body);
    if (problem !== undefined) return refused([problem]);
    const hashes = salt === undefined ? undefined : await SequenceHashes.of(salt);
    return this.#answer(body, (shelf) => (hashes ?? shelf.hashes).chain(tokens as readonly number[], shelf.of.blockSize), salt);
  }

  #queryByHash(body: Fields): Reply {
    const list = body['seq_hashes'];
    const hashes = Array.isArray(list) ? list.map(hashIn) : [];
    if (!Array.isArray(list) || hashes.some((one) => one === undefined))
      return refused(['seq_hashes: expected a list of hashes, as numbers or texts of digits']);
    return this.#answer(body, () => hashes as readonly bigint[], undefined);
  }

  #answer(body: Fields, chainOf: (shelf: Shelf) => readonly bigint[], salt: string | undefined): Reply {
    const answer: Record<
      string,
      Record<string, { longest_matched: number; GPU: number; CPU: number; DISK: number; DP: Record<string, number> }>
    > = Object.create(null);
    for (const shelf of this.#shelves.values()) {
      const { tenant, instance, model, blockSize, rank } = shelf.of;
      const wanted = { model, block_size: blockSize, tenant_id: tenant, instance_id: instance };
      if (Object.entries(wanted).some(([key, own]) => body[key] !== undefined && body[key] !== own)) continue;
      if (salt !== undefined && salt !== shelf.of.salt) continue;
      const chain = chainOf(shelf);
      const run = (has: (media: ReadonlySet<string>) => boolean): number => {
        const end = chain.findIndex((hash) => !has(shelf.blocks.get(hash) ?? nowhere));
        return (end === -1 ? chain.length : end) * blockSize;
      };
      const of = (tier: keyof typeof tiers): number => run((media) => tiers[tier].some((name) => media.has(name)));
      const entry = ((answer[tenant] ??= Object.create(null) as (typeof answer)[string])[instance] ??= { longest_matched: 0, GPU: 0, CPU: 0, DISK: 0, DP: {} });
      entry.longest_matched = Math.max(
        entry.longest_matched,
        run(({ size }) => size > 0),
      );
      const onRank = of('GPU');
      entry.GPU = Math.max(entry.GPU, onRank);
      entry.CPU = Math.max(entry.CPU, of('CPU'));
      entry.DISK = Math.max(entry.DISK, of('DISK'));
      entry.DP[String(rank)] = onRank;
    }
    return { status: 200, body: answer };
  }
}

const nowhere: ReadonlySet<string> = new Set();

function apply({ blocks, names, hashes }: Shelf, { events }: KvBatch): void {
  for (const event of events) {
    switch (event.kind) {
      case 'stored': {
        let before = event.parent === undefined ? undefined : names.get(nameOf(event.parent));
        // Nothing is known of what it stands behind: it cannot be found by tokens.
        if (event.parent !== undefined && before === undefined) break;
        for (const [i, hash] of event.hashes.entries()) {
          before = hashes.next(before, event.tokens.slice(i * event.blockSize, (i + 1) * event.blockSize));
          names.set(nameOf(hash), before);
          const there = blocks.get(before) ?? new Set();
          blocks.set(before, there.add(event.medium ?? 'GPU'));
        }
        break;
      }
      case 'removed':
        for (const name of event.hashes.map(nameOf)) {
          const hash = names.get(name);
          const there = hash === undefined ? undefined : blocks.get(hash);
          if (hash === undefined || there === undefined) continue;
          there.delete(event.medium ?? 'GPU');
          if (there.size > 0) continue;
          blocks.delete(hash);
          names.delete(name);
        }
        break;
      case 'cleared':
        blocks.clear();
        names.clear();
        break;
    }
  }
}

function nameOf(hash: WireHash): string {
  return typeof hash === 'bigint' ? hash.toString(36) : Buffer.from(hash).toString('latin1');
}

function keyOf({ tenant, instance, rank }: Registered): string {
  return JSON.stringify([tenant, instance, rank]);
}

function hashIn(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  return typeof value === 'string' && /^\d{1,20}$/.test(value) ? BigInt(value) : undefined;
}

function saltOf(body: Fields): { readonly salt?: string | undefined; readonly problem?: string | undefined } {
  const salt = body['cache_salt'];
  if (salt === undefined || salt === null || salt === '') return {};
  return typeof salt === 'string' ? { salt } : { problem: 'cache_salt: expected a text' };
}

function refused(problems: readonly string[], status = 400): Reply {
  return { status, body: { error: { message: problems.join('; '), type: 'invalid_request_error', param: null, code: status } } };
}
