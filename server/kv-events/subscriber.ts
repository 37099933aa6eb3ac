import type { Dealer, Subscriber } from 'zeromq';
import type { KvBatch } from './event.ts';
import { decodeBatch } from './payload.ts';

export interface SubscriberOptions {
  readonly endpoint: string;
  readonly replayEndpoint?: string | undefined;
  readonly topic?: string | undefined;
}

/** A batch with its number. */
export type Heard = KvBatch & { readonly sequence: number; readonly topic: string };

/** What is waited for in a replay. [ms] */
const patience = 2000;

/** Listens to a publisher of either dialect. What was sent before it came is asked for by its number, where there is a replay socket. */
export class KvSubscriber {
  readonly #sub: Subscriber;
  readonly #replayEndpoint: string | undefined;
  readonly #listening: Promise<void>;
  #next = 0;

  private constructor(sub: Subscriber, { replayEndpoint }: SubscriberOptions, heard: (batch: Heard) => void, failed: (error: unknown) => void) {
    this.#sub = sub;
    this.#replayEndpoint = replayEndpoint;
    this.#listening = this.#listen(heard, failed);
  }

  static async open(options: SubscriberOptions, heard: (batch: Heard) => void, failed: (error: unknown) => void = () => {}): Promise<KvSubscriber> {
    const zmq = await import('zeromq');
    const sub = new zmq.Subscriber({ linger: 0 });
    sub.connect(options.endpoint);
    sub.subscribe(options.topic ?? '');
    return new KvSubscriber(sub, options, heard, failed);
  }

  close(): Promise<void> {
    this.#sub.close();
    return this.#listening;
  }

  async #listen(heard: (batch: Heard) => void, failed: (error: unknown) => void): Promise<void> {
    for await (const [topic, number, payload] of this.#sub) {
      try {
        if (topic === undefined || number?.byteLength !== 8 || payload === undefined) throw new TypeError('expected three frames: topic, sequence, payload');
        const sequence = Number(number.readBigUInt64BE());
        // A publisher that begins anew counts from 0 again.
        if (sequence < this.#next) this.#next = 0;
        if (sequence > this.#next && this.#replayEndpoint !== undefined)
          for (const missed of await replayed(this.#replayEndpoint, this.#next)) if (missed.sequence < sequence) heard({ ...missed, topic: topic.toString() });
        this.#next = sequence + 1;
        heard({ ...decodeBatch(payload), sequence, topic: topic.toString() });
      } catch (error) {
        failed(error);
      }
    }
  }
}

/** Asks a replay socket for what was sent from a number on. */
export async function replayed(endpoint: string, from: number): Promise<readonly Omit<Heard, 'topic'>[]> {
  const zmq = await import('zeromq');
  const dealer: Dealer = new zmq.Dealer({ linger: 0, receiveTimeout: patience, sendTimeout: patience });
  try {
    dealer.connect(endpoint);
    const start = Buffer.alloc(8);
    start.writeBigUInt64BE(BigInt(from));
    await dealer.send([Buffer.alloc(0), start]);
    const batches: Omit<Heard, 'topic'>[] = [];
    for (;;) {
      const [, number, payload] = await dealer.receive();
      if (number?.byteLength !== 8 || payload === undefined) throw new TypeError('expected an empty frame, a sequence and a payload');
      if (number.readBigInt64BE() === -1n) return batches;
      batches.push({ ...decodeBatch(payload), sequence: Number(number.readBigUInt64BE()) });
    }
  } finally {
    dealer.close();
  }
}
