import type { SimulationEvent } from '../../serving/events.ts';
import type { TraceOutput } from './output.ts';
import { nanoseconds } from './record.ts';

type Change = Extract<SimulationEvent, { kind: 'instance' }>;

/** Lanes of states stand behind those of steps. */
const behindSteps = 50_000;

const words: Readonly<Record<Change['state'], string>> = { active: 'serves', starting: 'starts', draining: 'drains', off: 'off', stopped: 'stands still' };

interface Lane {
  readonly process: number;
  readonly lane: number;
  /** Of an instance that is whole. */
  readonly ranks: number;
  last: Change;
}

/** What instances do other than serve, on a lane for each that ever does: standing still, starting, draining, off, or serving with fewer ranks. */
export class StateLanes {
  readonly #output: TraceOutput;
  readonly #ranksOf: (pool: string) => number;
  readonly #lanes = new Map<number, Lane>();

  /** @param ranksOf an instance of a pool that is whole */
  constructor(output: TraceOutput, ranksOf: (pool: string) => number) {
    this.#output = output;
    this.#ranksOf = ranksOf;
  }

  tell(event: Change): void {
    const known = this.#lanes.get(event.instance);
    if (known !== undefined) {
      this.#write(known, event.at);
      known.last = event;
      return;
    }
    if (event.at >= this.#output.window.to) return;
    const { pool, instance } = event;
    const process = this.#output.process(`${pool} pool`);
    const lane = this.#output.lane(process, behindSteps + instance, `${pool} ${instance}: state`);
    this.#lanes.set(instance, { process, lane, ranks: this.#ranksOf(pool), last: event });
  }

  /** Shows what lasts until the run ends. */
  end(at: number): void {
    for (const lane of this.#lanes.values()) this.#write(lane, at);
  }

  #write({ process, lane, ranks, last }: Lane, to: number): void {
    const { at, state } = last;
    const missing = ranks - last.ranks;
    if (to <= at || (state === 'active' && missing === 0) || !this.#output.shows(at, to)) return;
    const without = missing === 0 ? '' : ` without ${missing} of ${ranks} ranks`;
    this.#output.slice(at, { kind: 'slice', process, lane, from: nanoseconds(at), to: nanoseconds(to), name: `${words[state]}${without}` });
  }
}
