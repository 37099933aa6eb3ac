import type { JsonObject } from '../../schema/http/body.ts';
import type { LiveEngine, LiveRequest } from '../live/engine.ts';
import type { DoorPlace } from './door-place.ts';

/** How long KV is kept for whoever was told to fetch it, as vLLM's connector does by default. [ms] */
const patience = 480_000;

/** A request whose prompt is computed and whose KV waits for the one that decodes it. */
class Waiting implements LiveRequest {
  number = -1;
  told = false;
  readonly #over: () => void;

  constructor(over: () => void) {
    this.#over = over;
  }

  emit(): void {}
  scheduled(): void {}
  flush(): void {}
  end(): void {
    this.#over();
  }
}

/** KV of prompts that was left where it was computed, by the number that the client was told: what `kv_transfer_params` speak of. */
export class Transfers {
  readonly #engine: LiveEngine;
  readonly #waiting = new Map<number, { readonly request: Waiting; readonly timer: NodeJS.Timeout; readonly release: () => void }>();

  constructor(engine: LiveEngine) {
    this.#engine = engine;
  }

  /**
   * Keeps the KV of a request, and words what the client of the prefill passes on.
   * @param release called when it is kept no longer
   */
  keep(number: number, place: DoorPlace, host: string, port: number, release: () => void): JsonObject {
    const request = new Waiting(() => this.#forget(number));
    if (this.#engine.replace(number, request)) {
      const timer = setTimeout(() => this.#engine.abort(request, 'its KV was not fetched in time'), patience);
      timer.unref();
      this.#waiting.set(number, { request, timer, release });
    } else release();
    return {
      do_remote_prefill: true,
      do_remote_decode: false,
      remote_engine_id: `${place.role}-${place.instance}${place.rank === undefined ? '' : `_dp${place.rank}`}`,
      remote_block_ids: [number],
      remote_host: host,
      remote_port: port,
      tp_size: this.#engine.run.deployed.pools[place.pool]?.layout.tensor ?? 1,
    };
  }

  /** The request whose KV somebody asks for; undefined where there is none (any more). */
  asked(params: JsonObject | null | undefined): number | undefined {
    if (params?.['do_remote_prefill'] !== true) return undefined;
    const ids = params['remote_block_ids'];
    const number: unknown = Array.isArray(ids) ? ids.flat(2)[0] : undefined;
    return typeof number === 'number' && this.#waiting.has(number) ? number : undefined;
  }

  /** Lets it go to where it decodes; `request` is told of it from now on. */
  handOver(number: number, request: LiveRequest, { instance, rank }: DoorPlace, tokens: number): void {
    this.#forget(number);
    this.#engine.replace(number, request);
    this.#engine.perform({ kind: 'hand-over', request: number, instance, rank, tokens });
  }

  #forget(number: number): void {
    const waiting = this.#waiting.get(number);
    clearTimeout(waiting?.timer);
    this.#waiting.delete(number);
    waiting?.release();
  }
}
