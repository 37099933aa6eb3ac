import type { Seconds } from '../../src/base/units.ts';
import { ApiError } from '../http/api-error.ts';
import type { Route } from '../http/routes.ts';
import type { LiveEngine } from '../live/engine.ts';
import type { DoorPlace } from './door-place.ts';

export type SleepState = 'awake' | 'weights_offloaded' | 'discard_all';

/** What sleeps, and is woken by name. */
const parts = ['weights', 'kv_cache'] as const;
type Part = (typeof parts)[number];

interface Sleeper {
  readonly state: Exclude<SleepState, 'awake'>;
  /** What was not woken yet. */
  readonly asleep: Set<Part>;
}

/**
 * Sleep mode as vLLM has it, for each door by itself: what is asleep takes no requests. Falling asleep drops cached prefixes and, on level 1, moves weights to host
 * memory; waking moves them back. Level 2 forgets them at once; that they are there again is taken to need what level 1 needs, which is a lower bound.
 */
export class Sleep {
  readonly #engine: LiveEngine;
  readonly #swap: Seconds;
  readonly #sleepers = new Map<string, Sleeper>();

  /** @param swap time that weights take between the memory of a die and the host's, by the twin's clock */
  constructor(engine: LiveEngine, swap: Seconds) {
    this.#engine = engine;
    this.#swap = swap;
  }

  /** How it stands with what a door speaks for, and with the whole deployment. */
  stateOf(place: DoorPlace | undefined): SleepState {
    return (this.#sleepers.get(keyOf(place)) ?? this.#sleepers.get(keyOf(undefined)))?.state ?? 'awake';
  }

  async fall(place: DoorPlace | undefined, level: 1 | 2): Promise<void> {
    if (this.stateOf(place) !== 'awake') return;
    this.#sleepers.set(keyOf(place), { state: level === 2 ? 'discard_all' : 'weights_offloaded', asleep: new Set(parts) });
    this.#engine.perform({ kind: 'flush', pooled: false, pool: place?.pool, instance: place?.instance, rank: place?.rank });
    if (level === 1) await this.#pass(this.#swap);
  }

  /** @param tags what is woken; all of it where there are none */
  async wake(place: DoorPlace | undefined, tags: readonly Part[]): Promise<void> {
    const key = keyOf(place);
    const sleeper = this.#sleepers.get(key);
    if (sleeper === undefined) return;
    const woken = (tags.length === 0 ? parts : tags).filter((part) => sleeper.asleep.delete(part));
    if (woken.includes('weights')) await this.#pass(this.#swap);
    if (sleeper.asleep.size === 0 && this.#sleepers.get(key) === sleeper) this.#sleepers.delete(key);
  }

  #pass(time: Seconds): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, (time * 1000) / this.#engine.pace.speed));
  }
}

function keyOf(place: DoorPlace | undefined): string {
  return place === undefined ? '' : `${place.pool} ${place.instance} ${place.rank ?? ''}`;
}

/** Routes of it; answers come when it is done. */
export function sleepRoutes(sleep: Sleep): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/sleep',
      handler: async (exchange) => {
        const level = exchange.url.searchParams.get('level') ?? '1';
        if (level !== '1' && level !== '2') throw new ApiError(400, `level: expected 1 or 2, got "${level.slice(0, 50)}"`, { param: 'level' });
        await sleep.fall(exchange.place, level === '2' ? 2 : 1);
        exchange.empty();
      },
    },
    {
      method: 'POST',
      path: '/wake_up',
      handler: async (exchange) => {
        const tags = exchange.url.searchParams.getAll('tags');
        const known = parts.filter((part) => tags.includes(part));
        if (tags.some((tag) => !parts.some((part) => part === tag))) throw new ApiError(400, `tags: expected some of ${parts.join(', ')}`, { param: 'tags' });
        await sleep.wake(exchange.place, known);
        exchange.empty();
      },
    },
    { method: 'GET', path: '/is_sleeping', handler: (exchange) => exchange.json({ is_sleeping: sleep.stateOf(exchange.place) !== 'awake' }) },
  ];
}
