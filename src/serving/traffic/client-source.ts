import { gammaFunction } from '../../kernel/gamma-function.ts';
import { exp, ln } from '../../kernel/elementary.ts';
import { stream, type RandomStream } from '../../kernel/random.ts';
import { quickExponential, quickGamma } from '../../kernel/ziggurat.ts';
import type { Arrival, RequestSource } from './arrival.ts';
import type { ClientLengths, ClientPool, PoolClient } from './client-pool.ts';
import { labeller } from './labels.ts';
import { QuantileSampler } from './quantile-sampler.ts';
import type { PoolWorkload } from './workload.ts';

/** A gamma law of so high a shape has no spread to speak of. */
const EVEN = 1e9;

const TO_UNIT = 1 / 4294967296;

/** What draws a client's lengths. */
type Samplers = (lengths: ClientLengths) => { readonly input: QuantileSampler; readonly output: QuantileSampler };

/** Samplers that are made where a client first needs them; clients of equal lengths share them. */
function samplersOf(): Samplers {
  const known = new Map<ClientLengths, ReturnType<Samplers>>();
  return (lengths) => {
    const found = known.get(lengths);
    if (found !== undefined) return found;
    const made = { input: QuantileSampler.of(lengths.input), output: QuantileSampler.of(lengths.output) };
    known.set(lengths, made);
    return made;
  };
}

/** A client on its way through the windows. */
class Sender {
  readonly #client: PoolClient;
  readonly #pool: ClientPool;
  readonly #scale: number;
  readonly #random: RandomStream;
  /** Of its next request. [s] */
  at = 0;
  #window = 0;
  #windowEnd: number;
  /** Of the window: rate, lengths, shape of the gaps and one over the mean of what their law draws. */
  #rate = 0;
  readonly #samplers: Samplers;
  #input: QuantileSampler;
  #output: QuantileSampler;
  #weibull = false;
  #shape = 1;
  #perMean = 1;

  constructor(client: PoolClient, pool: ClientPool, scale: number, random: RandomStream, samplers: Samplers) {
    this.#client = client;
    this.#pool = pool;
    this.#scale = scale;
    this.#random = random;
    this.#samplers = samplers;
    this.#windowEnd = pool.window;
    const { input, output } = samplers(client.lengths[client.lengthsOf[0]]);
    this.#input = input;
    this.#output = output;
    this.#enter();
    this.#pass(this.#residual());
  }

  inputTokens(): number {
    return atLeastOne(this.#input.at(this.#random.next32() * TO_UNIT));
  }

  outputTokens(): number {
    return atLeastOne(this.#output.at(this.#random.next32() * TO_UNIT));
  }

  /** Moves on to its next request. */
  next(): void {
    this.#pass(this.#gap());
  }

  /** Takes over what holds in the window that begins. */
  #enter(): void {
    const { rate, gaps, gapsOf, lengths, lengthsOf } = this.#client;
    this.#rate = rate[this.#window] * this.#scale;
    const { kind, shape } = gaps[gapsOf[this.#window]];
    const { input, output } = this.#samplers(lengths[lengthsOf[this.#window]]);
    this.#input = input;
    this.#output = output;
    this.#weibull = kind === 'weibull';
    this.#shape = shape;
    this.#perMean = kind === 'weibull' ? 1 / gammaFunction(1 + 1 / shape) : 1 / shape;
  }

  /** A gap of mean 1. */
  #gap(): number {
    if (this.#weibull) return exp(ln(quickExponential(this.#random)) / this.#shape) * this.#perMean;
    if (this.#shape === 1) return quickExponential(this.#random);
    return this.#shape > EVEN ? 1 : quickGamma(this.#random, this.#shape) * this.#perMean;
  }

  /**
   * From an arbitrary moment to the next request of a client that has been going on forever: a uniform part of a gap drawn in
   * proportion to its length. For gamma that is gamma of a shape one higher; for Weibull the gap's power is gamma of 1 + 1 / shape.
   */
  #residual(): number {
    const part = this.#random.uniform();
    if (this.#weibull) return part * exp(ln(quickGamma(this.#random, 1 + 1 / this.#shape)) / this.#shape) * this.#perMean;
    return this.#shape > EVEN ? part : part * quickGamma(this.#random, this.#shape + 1) * this.#perMean;
  }

  /** Lets so many requests' worth of time pass, at the rate of each window. */
  #pass(requests: number): void {
    let left = requests;
    for (;;) {
      const within = (this.#windowEnd - this.at) * this.#rate;
      if (left <= within && this.#rate > 0) {
        this.at += left / this.#rate;
        return;
      }
      left -= within;
      this.at = this.#windowEnd;
      this.#windowEnd += this.#pool.window;
      this.#window = this.#window + 1 === this.#pool.windows ? 0 : this.#window + 1;
      this.#enter();
    }
  }
}

function atLeastOne(tokens: number): number {
  return tokens < 1 ? 1 : Math.round(tokens);
}

/**
 * The requests of all clients in order of time. Each client is a renewal process in its own time, which runs at its rate of the
 * moment: gaps keep their law, and every window gets rate times length of requests on average. All draws of a client come from a
 * stream of its own, so that it does the same whoever is beside it.
 */
export class ClientSource implements RequestSource {
  readonly #senders: readonly Sender[];
  /** Binary heap of clients by the time of their next requests, ties by their order. */
  readonly #heap: Int32Array;
  readonly #at: Float64Array;
  readonly #label: ((arrival: Arrival) => void) | undefined;
  #left: number;

  constructor({ pool, scale, requests, seed, mix }: PoolWorkload) {
    this.#left = requests;
    const samplers = samplersOf();
    this.#senders = pool.clients.flatMap((client, c) =>
      client.rate.some((rate) => rate > 0) ? [new Sender(client, pool, scale, stream(seed, `client ${c}`), samplers)] : [],
    );
    this.#at = Float64Array.from(this.#senders, ({ at }) => at);
    this.#heap = Int32Array.from(this.#senders, (_, c) => c).sort((a, b) => this.#at[a] - this.#at[b] || a - b);
    this.#label = mix === undefined ? undefined : labeller(mix);
  }

  next(arrival: Arrival): boolean {
    if (this.#left <= 0 || this.#heap.length === 0) return false;
    this.#left--;
    const first = this.#heap[0];
    const sender = this.#senders[first];
    arrival.arrivedAt = sender.at;
    arrival.inputTokens = sender.inputTokens();
    arrival.outputTokens = sender.outputTokens();
    arrival.blockTokens = 0;
    arrival.thread = -1;
    this.#label?.(arrival);
    sender.next();
    this.#at[first] = sender.at;
    this.#sink(first, sender.at);
    return true;
  }

  /** Puts the client at the top in its place. */
  #sink(client: number, time: number): void {
    const heap = this.#heap;
    const at = this.#at;
    const size = heap.length;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= size) break;
      let below = heap[child];
      const right = child + 1 < size ? heap[child + 1] : below;
      if (at[right] < at[below] || (at[right] === at[below] && right < below)) {
        child++;
        below = right;
      }
      if (time < at[below] || (time === at[below] && client < below)) break;
      heap[place] = below;
      place = child;
    }
    heap[place] = client;
  }
}
