import type { Frame } from '../../../src/report/live/frame.ts';
import type { Opened, OpenedPool } from '../../../src/report/live/opened.ts';
import { mixed, ramp, type Palette, type Ramp } from './ramp.ts';
import { linkUse } from './link-use.ts';
import { partNamed, type Part, type Plan } from './plan.ts';

/** What the map is coloured by. */
export const modes = ['load', 'role', 'memory', 'links', 'faults'] as const;
export type Mode = (typeof modes)[number];

/** Colours of all parts at a moment. */
export interface Scene {
  readonly dies: readonly string[];
  readonly cpus: readonly string[];
  readonly switches: readonly string[];
  /** Parts that faults hold now. */
  readonly struck: readonly Part[];
  /** Share that the strongest colour stands for, where it is not the whole. */
  readonly most?: number | undefined;
}

/** Where a die is used: its pool, the instance over all pools, and the rank among all. */
export interface DieUse {
  readonly pool: OpenedPool;
  readonly instance: number;
  readonly rank: number;
}

/** Who runs on which die. @param spread dies of instances, where they have moved */
export function dieUses(opened: Opened, spread: Frame['spread']): readonly (DieUse | undefined)[] {
  const uses: (DieUse | undefined)[] = [];
  for (const pool of opened.pools)
    for (let i = 0; i < pool.instances; i++) {
      const instance = pool.firstInstance + i;
      const ranks = pool.dies.slice(i * pool.ranks, (i + 1) * pool.ranks);
      const moved = spread?.[instance];
      const planned = ranks.map((stages) => stages.flat());
      const first = Math.min(...planned.flat());
      planned.forEach((dies, r) => {
        for (const die of dies) {
          const at = moved === undefined ? die : moved[die - first];
          if (at !== undefined) uses[at] = { pool, instance, rank: pool.firstRank + i * pool.ranks + r };
        }
      });
    }
  return uses;
}

/** Draws by state and mode; a machine that nothing runs on is all spare. */
export function sceneOf(plan: Plan, colours: Palette, mode: Mode, opened?: Opened, frame?: Frame, uses: readonly (DieUse | undefined)[] = []): Scene {
  const struck = (frame?.faults ?? []).flatMap(({ text, healedAt }) => (healedAt === undefined ? partsOf(plan, text) : []));
  const links = opened === undefined || frame === undefined || mode !== 'links' ? undefined : linkUse(plan.machine, opened, frame, uses);
  const most = mode === 'memory' ? scaleOf(frame?.kv) : links === undefined ? 1 : Math.max(scaleOf(links.dies), scaleOf(links.cpus));
  const colourOf = dieColours(colours, mode, most, opened, frame);
  const cached = opened?.cache === undefined ? 0 : opened.cache.nodes * plan.machine.node.cpus;
  const linkRamp = ramp(colours.track, colours['line-2']);
  return {
    dies: plan.dies.map(({ index }) => (links === undefined ? colourOf(uses[index]) : linkRamp((links.dies[index] ?? 0) / most))),
    cpus: plan.cpus.map(({ index }) => (links === undefined ? cpuColour(colours, mode, index < cached) : linkRamp((links.cpus[index] ?? 0) / most))),
    switches: plan.switches.map(({ of }) => (of?.lane === undefined ? colours.spare : mixed(colours.spare, colours.quiet, 0.15 + 0.06 * of.lane))),
    struck,
    most: most < 1 ? most : undefined,
  };
}

/** The next round share above all of some: what is little everywhere is still told apart. */
function scaleOf(shares: Float32Array | undefined): number {
  let most = 0;
  for (const share of shares ?? []) if (share > most) most = share;
  return scales.find((scale) => most <= scale) ?? 1;
}

const scales = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5] as const;

function cpuColour(colours: Palette, mode: Mode, caches: boolean): string {
  return caches && mode !== 'faults' && mode !== 'memory' ? mixed(colours.track, colours.cache, mode === 'role' ? 1 : 0.6) : colours.spare;
}

function dieColours(colours: Palette, mode: Mode, most: number, opened: Opened | undefined, frame: Frame | undefined): (use: DieUse | undefined) => string {
  const roles: Readonly<Record<OpenedPool['role'], Ramp>> = {
    prefill: ramp(colours.track, colours.prefill),
    decode: ramp(colours.track, colours.decode),
    merged: ramp(colours.track, colours.merged),
  };
  const memory = ramp(colours.track, colours['line-4']);
  const empty = mixed(colours.card, colours.track, 0.6);
  return (use) => {
    if (use === undefined || opened === undefined) return empty;
    const { pool, instance, rank } = use;
    const state = frame?.states[instance] ?? 0;
    if (mode === 'faults') return state === 0 ? colours.track : state === 4 ? colours.bad : colours.warn;
    // What stands still is hollow in all other modes.
    if (state !== 0) return empty;
    if (mode === 'role' || frame === undefined) return roles[pool.role](((instance - pool.firstInstance) % 2) * 0.22 + 0.68);
    if (mode === 'memory') return memory((frame.kv[rank] ?? 0) / most);
    const load = pool.role === 'prefill' ? (frame.occupancy[instance] ?? 0) : (frame.sequences[rank] ?? 0) / pool.maxSequences;
    return roles[pool.role](0.12 + 0.88 * load);
  };
}

/** Parts that a fault names: a part with or without what is left of it, both ends of a link, a whole sub-plane or rail. */
function partsOf(plan: Plan, text: string): readonly Part[] {
  const what = text.replace(/:\s*[\d.]+\s*%?\s*$/, '');
  const pair = /^\s*link\s+(.*?)\s+-\s+(.*)$/i.exec(what);
  const lane = /^\s*(?:sub-plane|rail)\s*#?\s*(\d+)\s*$/i.exec(what);
  if (lane !== null) return plan.switches.filter(({ of }) => of?.lane === Number(lane[1]));
  return (pair === null ? [what] : [pair[1] ?? '', pair[2] ?? '']).flatMap((name) => partNamed(plan, name) ?? []);
}
