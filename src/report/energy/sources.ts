import { unreachable } from '../../base/errors.ts';
import type { Joules, Seconds, Watts } from '../../base/units.ts';
import type { Figure } from '../../catalogue/figure.ts';
import { chipCount, ownersOf, planeOf, type Machine } from '../../catalogue/machine.ts';
import type { Draw } from '../../catalogue/power.ts';
import { totalsOf } from '../../catalogue/totals.ts';

/** What a chart of power is stacked by. */
export const energyGroups = ['rest', 'work', 'hosts', 'fabric', 'cooling', 'losses', 'facility'] as const;
export type EnergyGroup = (typeof energyGroups)[number];

/** What moves a part from its idle power to its maximum: steps, the activity of the chips, traffic of a plane; nothing for what is constant. */
export type Follows = 'steps' | 'chips' | 'scale-up' | 'scale-out' | 'nothing';

/**
 * What power stands on: a figure of the maker or a measurement; activity under a maximum that is one; or estimates.
 */
export const standings = ['known', 'bounded', 'assumed'] as const;
export type Standing = (typeof standings)[number];

/** One kind of part, by what it draws for each chip of the machine. */
export interface PowerSource {
  readonly name: string;
  readonly idle: { readonly watts: Watts; readonly group: EnergyGroup; readonly stands: Standing };
  /** Over idle, at full activity. */
  readonly range: { readonly watts: Watts; readonly group: EnergyGroup; readonly stands: Standing };
  readonly follows: Follows;
}

/** What a machine draws for each of its chips. */
export interface PowerSources {
  /** The chips come first. */
  readonly sources: readonly PowerSource[];
  /** What supplies take in for each watt that parts draw, and what the facility takes in for each watt that the machine does. */
  readonly supply: number;
  readonly facility: number;
  readonly lossesStand: Standing;
  readonly facilityStands: Standing;
  /** What is not counted or only bounded, in words. */
  readonly notes: readonly string[];
}

const known = (figure: Figure): boolean => figure.kind !== 'estimate';
const standingOf = (figure: Figure): Standing => (known(figure) ? 'known' : 'assumed');
const under = (figure: Figure): Standing => (known(figure) ? 'bounded' : 'assumed');

/** The parts of a machine and what they draw. */
export function sourcesOf(machine: Machine): PowerSources {
  const { losses, pue } = machine;
  const rest = othersOf(machine);
  return {
    sources: [chipsOf(machine), ...rest.sources],
    supply: losses === undefined ? 1 : 1 / (1 - losses.value),
    facility: pue?.value ?? 1,
    lossesStand: losses === undefined ? 'assumed' : standingOf(losses),
    facilityStands: pue === undefined ? 'assumed' : standingOf(pue),
    notes: [...rest.notes, pue === undefined ? 'the cooling of the site is not counted: no PUE is stated' : ''].filter((note) => note !== ''),
  };
}

function chipsOf({ chip }: Machine): PowerSource {
  const { idle, max } = chip.power;
  return {
    name: `${chip.word}s`,
    idle: { watts: idle?.value ?? max.value, group: 'rest', stands: idle === undefined ? under(max) : standingOf(idle) },
    range: { watts: idle === undefined ? 0 : max.value - idle.value, group: 'work', stands: under(max) },
    follows: 'chips',
  };
}

function othersOf(machine: Machine): { readonly sources: readonly PowerSource[]; readonly notes: readonly string[] } {
  const { draws, power, chip } = machine;
  if (draws !== undefined) return { sources: draws.map((draw) => sourceOf(machine, draw)), notes: [] };
  if (power === undefined) return { sources: [], notes: ['hosts, fabric and cooling are not counted: the machine states neither their power nor its own'] };
  const watts = Math.max(0, power.value / chipCount(machine) - chip.power.max.value);
  return {
    sources: [
      {
        name: 'all else, not itemised',
        idle: { watts, group: 'hosts', stands: under(power) },
        range: { watts: 0, group: 'hosts', stands: under(power) },
        follows: 'nothing',
      },
    ],
    notes: ['hosts, fabric and cooling draw the rest of the all-in power at all times: an upper bound, as the machine does not itemise them'],
  };
}

function sourceOf(machine: Machine, draw: Draw): PowerSource {
  const { name, idle, max } = draw;
  const each = countOf(machine, draw) / chipCount(machine);
  const group = draw.group === 'host' ? 'hosts' : draw.group;
  return {
    name,
    idle: { watts: each * (idle ?? max).value, group, stands: standingOf(idle ?? max) },
    range: { watts: idle === undefined ? 0 : each * (max.value - idle.value), group, stands: under(max) },
    follows: idle === undefined ? 'nothing' : followsOf(machine, draw),
  };
}

function countOf(machine: Machine, { per, plane: wanted }: Draw): number {
  switch (per) {
    case 'chip':
    case 'cpu':
    case 'node':
      return ownersOf(machine, per);
    case 'switch':
    case 'module': {
      const plane = totalsOf(machine).planes.find(({ name }) => name === wanted);
      if (plane === undefined) return 0;
      return per === 'module' ? plane.opticalModules : plane.levels.reduce((sum, { chips }) => sum + chips, 0);
    }
    default:
      return unreachable(per);
  }
}

function followsOf(machine: Machine, { group, plane, follows }: Draw): Follows {
  if (follows !== undefined) return follows;
  if (group === 'host') return 'steps';
  if (group === 'cooling') return 'chips';
  for (const role of ['scale-up', 'scale-out'] as const) if (planeOf(machine, role)?.name === plane) return role;
  return 'nothing';
}

/** What instances of so many chips draw with everything else that belongs to them while they are on and have nothing to do. `seconds`: of all instances together. [J] */
export function idleEnergy(machine: Machine, chipsPerInstance: number, seconds: Seconds): Joules {
  const { sources, supply, facility } = sourcesOf(machine);
  return sources.reduce((sum, { idle }) => sum + idle.watts, 0) * chipsPerInstance * seconds * supply * facility;
}

/** What so many chips draw at least and at most with everything that belongs to them. [W] */
export function boundsOf({ sources, supply, facility }: PowerSources, chips: number): { readonly idle: Watts; readonly max: Watts } {
  const idle = sources.reduce((sum, source) => sum + source.idle.watts, 0) * supply * facility * chips;
  return { idle, max: idle + sources.reduce((sum, source) => sum + source.range.watts, 0) * supply * facility * chips };
}
