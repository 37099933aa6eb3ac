import type { Flight } from '../../../src/report/live/frame.ts';
import type { Opened } from '../../../src/report/live/opened.ts';
import type { Camera, Size } from './camera.ts';
import type { Palette } from './ramp.ts';
import type { DieUse } from './scene.ts';
import type { Plan } from './plan.ts';

interface Moving {
  readonly kind: Flight['kind'];
  readonly from: Point;
  readonly to: Point;
  /** [ms] */
  readonly begun: number;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** How long one is seen. [ms] */
const lasts = 650;
const most = 260;

/** Requests and their KV on their way over the map, as dots. */
export class Flights {
  #moving: Moving[] = [];

  /** Whether anything is to be seen. */
  get active(): boolean {
    return this.#moving.length > 0;
  }

  clear(): void {
    this.#moving = [];
  }

  /** @param spans dies by instance, as `diesOf` finds them */
  add(flights: readonly Flight[], plan: Plan, opened: Opened, spans: DiesOf, now: number): void {
    for (const flight of flights) {
      const to = middle(plan, spans(flight.instance, flight.kind === 'push' || flight.kind === 'finish' ? flight.rank : undefined), flight.request);
      const from = this.#origin(flight, plan, opened, spans) ?? to;
      if (to === undefined || from === undefined) continue;
      this.#moving.push({ kind: flight.kind, from, to, begun: now - (flight.request % 5) * 3 });
    }
    if (this.#moving.length > most) this.#moving.splice(0, this.#moving.length - most);
  }

  draw(context: CanvasRenderingContext2D, camera: Camera, canvas: Size, colours: Palette, now: number): void {
    this.#moving = this.#moving.filter(({ begun }) => now - begun < lasts);
    const inks: Readonly<Record<Flight['kind'], string>> = {
      arrival: colours.ink,
      read: colours.cache,
      push: colours['line-2'],
      finish: colours.good,
      lost: colours.bad,
    };
    const size = Math.min(2.4, Math.max(1.1, 2.4 * camera.scale));
    for (const { kind, from, to, begun } of this.#moving) {
      const share = Math.min(1, Math.max(0, (now - begun) / lasts));
      const eased = share * share * (3 - 2 * share);
      const x = canvas.width / 2 + (from.x + (to.x - from.x) * eased - camera.x) * camera.scale;
      const y = canvas.height / 2 + (from.y + (to.y - from.y) * eased - camera.y) * camera.scale;
      const still = kind === 'finish' || kind === 'lost';
      context.globalAlpha = still ? 0.5 * (1 - share) : 0.85 * Math.min(1, 4 * (1 - share));
      context.beginPath();
      context.arc(x, y, still ? size * (1 + 2.6 * share) : size, 0, 2 * Math.PI);
      if (still) {
        context.strokeStyle = inks[kind];
        context.lineWidth = 1.5;
        context.stroke();
      } else {
        context.fillStyle = inks[kind];
        context.fill();
      }
    }
    context.globalAlpha = 1;
  }

  #origin({ kind, request, from }: Flight, plan: Plan, opened: Opened, spans: DiesOf): Point | undefined {
    if (kind === 'arrival') return { x: -10, y: plan.height / 4 };
    if (kind === 'push' && from !== undefined) return middle(plan, spans(from, undefined), request);
    if (kind !== 'read' || opened.cache === undefined) return undefined;
    const cpus = opened.cache.nodes * plan.machine.node.cpus;
    const cpu = plan.cpus[(request * 13) % Math.max(1, cpus)];
    return cpu === undefined ? undefined : { x: cpu.x + cpu.width / 2, y: cpu.y + cpu.height / 2 };
  }
}

/** Dies of an instance, or of one of its ranks. */
export type DiesOf = (instance: number, rank: number | undefined) => readonly number[];

export function diesOf(uses: readonly (DieUse | undefined)[]): DiesOf {
  const byInstance = new Map<number, number[]>();
  const byRank = new Map<string, number[]>();
  uses.forEach((use, die) => {
    if (use === undefined) return;
    listed(byInstance, use.instance).push(die);
    listed(byRank, `${use.instance} ${(use.rank - use.pool.firstRank) % use.pool.ranks}`).push(die);
  });
  return (instance, rank) => (rank === undefined ? undefined : byRank.get(`${instance} ${rank}`)) ?? byInstance.get(instance) ?? [];
}

function listed<Key>(map: Map<Key, number[]>, key: Key): number[] {
  const list = map.get(key) ?? [];
  map.set(key, list);
  return list;
}

/** The middle of one of some dies, always the same for a request. */
function middle(plan: Plan, dies: readonly number[], request: number): Point | undefined {
  const die = plan.dies[dies[(request * 7) % Math.max(1, dies.length)] ?? -1];
  return die === undefined ? undefined : { x: die.x + die.width / 2, y: die.y + die.height / 2 };
}
