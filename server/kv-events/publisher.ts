import type { Publisher as PubSocket, Router } from 'zeromq';
import { InputError } from '../../src/base/errors.ts';
import { binds, endpointOfRank, flagsOf, type KvEventsConfig } from './endpoint.ts';

interface Sent {
  readonly seq: Uint8Array;
  readonly payload: Uint8Array;
}

const none = new Uint8Array(0);
/** What ends a replay: the number -1. */
const endOfReplay = new Uint8Array(8).fill(0xff);

/**
 * Publishes batches of one data-parallel rank over ZeroMQ as vLLM does: frames of topic, sequence number and payload, counted from 0; a router socket
 * gives again what was sent from a number on.
 */
export class KvPublisher {
  readonly #pub: PubSocket;
  readonly #router: Router | undefined;
  readonly #topic: string;
  readonly #bufferSteps: number;
  readonly #buffer: Sent[] = [];
  #next = 0;
  #sending: Promise<void> = Promise.resolve();
  #serving: Promise<void> = Promise.resolve();
  /** Told of what goes wrong behind a call. */
  onError: (error: unknown) => void = () => {};

  private constructor(pub: PubSocket, router: Router | undefined, { topic, bufferSteps }: KvEventsConfig) {
    this.#pub = pub;
    this.#router = router;
    this.#topic = topic;
    this.#bufferSteps = bufferSteps;
    if (router !== undefined) this.#serving = this.#serve(router);
  }

  /**
   * Opens the sockets of a rank.
   * @throws InputError with the endpoint that cannot be opened, and the flag that said it; none stays open then
   */
  static async open(config: KvEventsConfig, rank: number): Promise<KvPublisher> {
    const flags = flagsOf(config);
    const zmq = await orTold(flags.endpoint, 'ZeroMQ cannot be loaded', () => import('zeromq'));
    const pub = new zmq.Publisher({ sendHighWaterMark: config.hwm, linger: 0 });
    const router = config.replayEndpoint === undefined ? undefined : new zmq.Router({ linger: 0, sendTimeout: 1000 });
    const endpoint = endpointOfRank(config.endpoint, rank);
    const replay = endpointOfRank(config.replayEndpoint ?? '', rank);
    try {
      await orTold(flags.endpoint, `${endpoint} cannot be opened`, async () => (binds(endpoint) ? pub.bind(endpoint) : pub.connect(endpoint)));
      await orTold(flags.replayEndpoint, `${replay} cannot be opened`, async () => router?.bind(replay));
    } catch (error) {
      pub.close();
      router?.close();
      throw error;
    }
    return new KvPublisher(pub, router, config);
  }

  /** Where it publishes, with the port that it was given. */
  get endpoint(): string | null {
    return this.#pub.lastEndpoint;
  }

  /** Batches that were published. */
  get sequence(): number {
    return this.#next;
  }

  /** Sends a batch behind those before it. Subscribers that are too slow lose it; a replay has it for a while. */
  publish(payload: Uint8Array): void {
    const seq = new Uint8Array(8);
    new DataView(seq.buffer).setBigUint64(0, BigInt(this.#next));
    this.#next++;
    const sent = { seq, payload };
    this.#buffer.push(sent);
    if (this.#buffer.length > this.#bufferSteps) this.#buffer.shift();
    this.#sending = this.#sending.then(() => this.#pub.send([this.#topic, seq, payload])).catch((error: unknown) => this.onError(error));
  }

  async close(): Promise<void> {
    await this.#sending;
    this.#pub.close();
    this.#router?.close();
    await this.#serving;
  }

  async #serve(router: Router): Promise<void> {
    for await (const frames of router) {
      const [client, , start] = frames;
      if (client === undefined || start?.byteLength !== 8) continue;
      try {
        await this.#replay(router, client, start.readBigUInt64BE());
      } catch (error) {
        this.onError(error);
      }
    }
  }

  async #replay(router: Router, client: Uint8Array, start: bigint): Promise<void> {
    const first = BigInt(this.#next - this.#buffer.length);
    const from = start > first ? Number(start - first) : 0;
    for (const { seq, payload } of this.#buffer.slice(from)) await router.send([client, none, seq, payload]);
    await router.send([client, none, endOfReplay, none]);
  }
}

/** Does it. What goes wrong is told as a problem of a flag. */
async function orTold<T>(flag: string, problem: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw new InputError([{ path: flag, message: `${problem} (${error instanceof Error ? error.message : String(error)})` }]);
  }
}
