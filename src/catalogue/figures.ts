import type { Figure, FigureKind } from './figure.ts';
import { numberFormats } from './format.ts';
import type { Machine, Plane } from './machine.ts';

/** A figure of a machine with its place and its unit ('' for counts and shares). */
export interface NamedFigure {
  /** Such as `die.memory.capacity` or `ub.port.bandwidth`. */
  readonly name: string;
  readonly unit: '' | 'B' | 'B/s' | 'flop/s' | 'op/s' | 's' | 'W' | '$' | '$/s';
  readonly figure: Figure;
}

type Entry = readonly [name: string, unit: NamedFigure['unit'], figure: Figure | undefined];

function present(entries: readonly Entry[]): readonly NamedFigure[] {
  return entries.flatMap(([name, unit, figure]) => (figure === undefined ? [] : [{ name, unit, figure }]));
}

function chipFigures({ chip }: Machine): readonly Entry[] {
  const { die, power, price } = chip;
  return [
    ['die.matrix.cores', '', die.matrix.cores],
    ...numberFormats.flatMap((format): Entry[] => {
      const unit = format.startsWith('int') ? 'op/s' : 'flop/s';
      return [
        [`die.matrix.${format}.peak`, unit, die.matrix.peaks[format]?.peak],
        [`die.matrix.${format}.ceiling`, unit, die.matrix.peaks[format]?.ceiling],
      ];
    }),
    ['die.vector.cores', '', die.vector.cores],
    ['die.vector.peak', 'flop/s', die.vector.peak],
    ['die.vector.threads', '', die.vector.threads],
    ['die.memory.capacity', 'B', die.memory.capacity],
    ['die.memory.bandwidth', 'B/s', die.memory.bandwidth],
    ['die.cache', 'B', die.cache],
    ['chip.power.max', 'W', power.max],
    ['chip.power.idle', 'W', power.idle],
    ['chip.price', '$/s', price],
  ];
}

function planeFigures({ name, port, cpuPort, efficiency, levels, paths }: Plane): readonly Entry[] {
  return [
    [`${name}.port.bandwidth`, 'B/s', port.bandwidth],
    [`${name}.port.latency`, 's', port.latency],
    [`${name}.cpu-port`, 'B/s', cpuPort],
    [`${name}.efficiency`, '', efficiency],
    ...levels.map((level): Entry => [`${name}.${level.name}.link-bandwidth`, 'B/s', level.linkBandwidth]),
    ...paths.flatMap((path): Entry[] => {
      const at = `${name}.${path.from}-${path.to}.${path.operation}.${path.scope}`;
      return [
        [`${at}.bandwidth`, 'B/s', path.bandwidth],
        [`${at}.latency`, 's', path.latency],
      ];
    }),
  ];
}

/** Every figure of a machine and of its chip, in the order of their files. */
export function figuresOf(machine: Machine): readonly NamedFigure[] {
  return present([
    ...chipFigures(machine),
    ['node.dram', 'B', machine.node.dram],
    ['node.storage.bandwidth', 'B/s', machine.node.storage?.bandwidth],
    ['node.storage.latency', 's', machine.node.storage?.latency],
    ...machine.planes.flatMap(planeFigures),
    ['power', 'W', machine.power],
    ...(machine.draws ?? []).flatMap(({ name, idle, max }): Entry[] => [
      [`draws.${name}.idle`, 'W', idle],
      [`draws.${name}.max`, 'W', max],
    ]),
    ['losses', '', machine.losses],
    ['pue', '', machine.pue],
    ['price', '$', machine.price],
    ['hourly', '$/s', machine.hourly],
  ]);
}

/** How many figures of each kind there are. */
export function kindsOf(figures: readonly NamedFigure[]): Readonly<Record<FigureKind, number>> {
  const kinds = { sheet: 0, measured: 0, estimate: 0 };
  for (const { figure } of figures) kinds[figure.kind]++;
  return kinds;
}
