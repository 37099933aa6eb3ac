import type { Joules, Seconds } from '../../base/units.ts';
import type { Metrics } from '../../serving/metrics.ts';
import { chipSecondsOf, type PoweredPool, type PoweredSeconds } from './activity.ts';
import type { EnergyGroup, PowerSources, Standing } from './sources.ts';

/** One line of an account: what one part draws at rest or over that, or what is lost on its way. */
export interface EnergyLine {
  readonly name: string;
  readonly group: EnergyGroup;
  readonly stands: Standing;
  /** Of each interval, all pools together. [J] */
  readonly joules: Float64Array;
}

/** Energy of a run by part and interval: everything else is a sum over it. */
export interface EnergyAccount {
  readonly lines: readonly EnergyLine[];
  /** Of the chips of each pool alone, by interval. [J] */
  readonly chips: readonly Float64Array[];
  /** Of all intervals but the last one, which ends with the run. [s] */
  readonly width: Seconds;
  readonly lengths: Float64Array;
}

/** The instances of a pool are on all the time. */
export function alwaysOn(pools: readonly PoweredPool[]): PoweredSeconds {
  return (pool, _, length) => (pools[pool] as PoweredPool).instances * length;
}

/** What a run has drawn up to `end`. `powered`: when instances are on, where they come and go. */
export function energyAccount(
  power: PowerSources,
  pools: readonly PoweredPool[],
  metrics: Metrics,
  end: Seconds,
  powered: PoweredSeconds = alwaysOn(pools),
): EnergyAccount {
  const { sources, supply, facility } = power;
  const count = metrics.intervals.length;
  const lines: EnergyLine[] = sources.flatMap(({ name, idle, range }) => [
    { name: range.watts > 0 ? `${name} at rest` : name, group: idle.group, stands: idle.stands, joules: new Float64Array(count) },
    { name: `${name} at work`, group: range.group, stands: range.stands, joules: new Float64Array(count) },
  ]);
  const chips = pools.map(() => new Float64Array(count));
  pools.forEach((pool, p) => {
    const own = chips[p] as Float64Array;
    for (const [i, { on, following }] of chipSecondsOf(metrics, pool, p, end, powered).entries())
      for (const [s, { idle, range, follows }] of sources.entries()) {
        const atRest = idle.watts * on;
        const atWork = range.watts * following[follows];
        add(lines[2 * s], i, atRest);
        add(lines[2 * s + 1], i, atWork);
        if (s === 0) own[i] = atRest + atWork;
      }
  });
  const drawn = sumOf(lines, count);
  const lost = drawn.map((joules) => joules * (supply - 1));
  if (supply > 1) lines.push({ name: 'power supplies', group: 'losses', stands: power.lossesStand, joules: lost });
  if (facility > 1)
    lines.push({
      name: 'cooling of the site',
      group: 'facility',
      stands: power.facilityStands,
      joules: drawn.map((joules) => joules * supply * (facility - 1)),
    });
  const lengths = Float64Array.from(metrics.intervals, (_, i) => Math.max(0, Math.min(metrics.width, end - i * metrics.width)));
  return { lines: lines.filter(({ joules }) => joules.some((value) => value > 0)), chips, width: metrics.width, lengths };
}

function add(line: EnergyLine | undefined, interval: number, joules: Joules): void {
  if (line !== undefined) line.joules[interval] = (line.joules[interval] as number) + joules;
}

function sumOf(lines: readonly EnergyLine[], count: number): Float64Array {
  const sum = new Float64Array(count);
  for (const { joules } of lines) for (let i = 0; i < count; i++) sum[i] = (sum[i] as number) + (joules[i] as number);
  return sum;
}
