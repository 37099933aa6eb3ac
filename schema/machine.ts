import * as z from 'zod';
import { InputError, type Issue } from '../src/base/errors.ts';
import { machineIssues } from '../src/catalogue/check.ts';
import { chipsOfLevel, linksInto } from '../src/catalogue/totals.ts';
import type { Chip } from '../src/catalogue/chip.ts';
import type { Figure } from '../src/catalogue/figure.ts';
import {
  pathEnds,
  pathOperations,
  pathScopes,
  planeRoles,
  portOwners,
  switchUnits,
  type Machine,
  type Plane,
  type SwitchLevel,
} from '../src/catalogue/machine.ts';
import { drawDrivers, drawGroups, drawOwners, type PowerFacts } from '../src/catalogue/power.ts';
import { factorFigure, figure, shareFigure } from './figure.ts';
import { count, flag, listOf, oneOf, placed, record, text, tryRead } from './read.ts';

const levelKeys = record({
  name: text('the name of the level'),
  chips: count().optional(),
  'chips-step': count().default(1),
  per: oneOf(switchUnits),
  ports: count().optional(),
  uplinks: count(0),
  'link-bandwidth': figure('bandwidth'),
  'links-per-module': count().optional(),
});

const level = levelKeys
  .refine(({ chips, ports }) => chips !== undefined || ports !== undefined, {
    path: ['chips'],
    message: 'expected a count of chips, or the ports of one chip to count them from',
  })
  .transform(({ 'link-bandwidth': linkBandwidth, 'links-per-module': linksPerModule, 'chips-step': step, chips, ...rest }) => ({
    ...rest,
    linkBandwidth,
    linksPerModule,
    // 0 until they are counted.
    chips: chips ?? 0,
    step,
  }));

const path = record({
  from: oneOf(pathEnds),
  to: oneOf(pathEnds),
  operation: oneOf(pathOperations),
  scope: oneOf(pathScopes),
  bandwidth: figure('bandwidth'),
  latency: figure('time'),
});

const port = record({
  owner: oneOf(portOwners),
  bandwidth: figure('bandwidth'),
  latency: figure('time'),
  'optical-cables': count().optional(),
}).transform(({ 'optical-cables': opticalCables, ...rest }): Plane['port'] => ({ ...rest, opticalCables }));

const plane = record({
  name: text('the name of the plane'),
  role: oneOf(planeRoles),
  port,
  'cpu-port': figure('bandwidth').optional(),
  efficiency: shareFigure(),
  'peer-access': flag().default(true),
  'domain-chips': count().optional(),
  'sub-planes': count().default(1),
  rails: count().default(1),
  levels: listOf(level).default([]),
  paths: listOf(path).default([]),
});

const draw = record({
  name: text('what draws the power'),
  group: oneOf(drawGroups),
  per: oneOf(drawOwners),
  plane: text('the name of a plane').optional(),
  follows: oneOf(drawDrivers).optional(),
  idle: figure('power').optional(),
  max: figure('power'),
});

const machine = record({
  name: text('the name of the machine'),
  title: text('a title'),
  chip: text('the name of a chip or the path of its file'),
  nodes: count(),
  scalable: flag().default(false),
  node: record({
    chips: count(),
    cpus: count(0),
    cpu: text('the name of the CPU'),
    dram: figure('bytes'),
    storage: record({ bandwidth: figure('bandwidth'), latency: figure('time') }).optional(),
  }),
  racks: record({ compute: count(), communication: count(0), 'nodes-per-rack': count() }).optional(),
  planes: listOf(plane, 1),
  power: figure('power').optional(),
  draws: listOf(draw, 1).optional(),
  losses: shareFigure(true).optional(),
  pue: factorFigure().optional(),
  price: figure('money').optional(),
  hourly: figure('money-rate').optional(),
  stack: text('the name of a software stack'),
  notes: listOf(text('a note')).default([]),
});

type MachineFile = z.infer<typeof machine>;

/** The plane of a file. One without a stated domain reaches the whole machine. */
function toPlane(written: MachineFile['planes'][number], chips: number): Plane {
  const { 'cpu-port': cpuPort, 'domain-chips': domainChips, 'sub-planes': subPlanes, 'peer-access': peerAccess, ...rest } = written;
  return { ...rest, cpuPort, peerAccess, subPlanes, domainChips: domainChips ?? chips };
}

/** A figure of one machine file as that of so many. */
function times(figure: Figure | undefined, factor: number): Figure | undefined {
  if (figure === undefined || factor === 1) return figure;
  return { ...figure, value: figure.value * factor, alternatives: figure.alternatives?.map((other) => ({ ...other, value: other.value * factor })) };
}

function toMachine(written: MachineFile, chip: Chip, asked: number | undefined, powerFacts: PowerFacts | undefined): Machine {
  const nodes = asked ?? written.nodes;
  const { racks, planes, power, price, ...rest } = written;
  const machine: Machine = {
    ...rest,
    chip,
    nodes,
    racks: racks === undefined ? undefined : { compute: racks.compute, communication: racks.communication, nodesPerRack: racks['nodes-per-rack'] },
    planes: [],
    power: times(power, nodes / written.nodes),
    price: times(price, nodes / written.nodes),
    powerFacts,
  };
  return { ...machine, planes: planes.map((plane) => withSwitches(machine, toPlane(plane, nodes * written.node.chips), plane.levels)) };
}

/** Levels whose chips are not stated get as many as the links from below fill, in whole steps. */
function withSwitches(machine: Machine, plane: Plane, written: MachineFile['planes'][number]['levels']): Plane {
  let counted: Plane = { ...plane, levels: [] };
  written.forEach(({ step, chips, ports = 1, ...rest }, at) => {
    const one: SwitchLevel = { ...rest, ports: plane.levels[at]?.ports, chips: 1 };
    const units = chipsOfLevel(machine, plane, one);
    const below = { ...counted, levels: [...counted.levels, one] };
    const needed = chips > 0 ? chips : Math.ceil(linksInto(machine, below, at) / units / ports / step) * step;
    counted = { ...counted, levels: [...counted.levels, chips > 0 ? { ...one, chips } : { ...one, chips: needed, counted: true }] };
  });
  return counted;
}

/**
 * A machine from the content of its file. `path` names the file in errors; `chipOf` finds a chip by name or path; `asked` is
 * another number of nodes than the file states, which only a scalable machine allows, and the key or flag that asks for it;
 * `powerFacts` is what activity draws on any machine; `placeOf` says where the file has what stands at a place of `value`.
 * @throws InputError with every problem, those of its chip included.
 */
export function readMachine(
  value: unknown,
  path: string,
  chipOf: (nameOrPath: string) => Chip,
  asked?: { readonly nodes: number; readonly at: string },
  powerFacts?: PowerFacts,
  placeOf: (place: string) => string = (place) => place,
): Machine {
  const result = tryRead(machine, value, '');
  const inFile = (issue: Issue): Issue => ({ path: placed(path, placeOf(issue.path)), message: issue.message });
  const issues: Issue[] = result.issues.map(inFile);
  let chip: Chip | undefined;
  const named = (value as { readonly chip?: unknown } | null | undefined)?.chip;
  if (typeof named === 'string' && named.trim() !== '') {
    try {
      chip = chipOf(named);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      issues.push(...error.issues.map((issue) => (issue.path === 'chip' ? { ...issue, path: placed(path, 'chip') } : issue)));
    }
  }
  const written = result.value;
  if (written === undefined || chip === undefined) throw new InputError(issues);
  if (asked !== undefined && asked.nodes !== written.nodes && !written.scalable)
    throw new InputError([{ path: asked.at, message: `expected the ${written.nodes} nodes of ${written.name}, which is not scalable, got ${asked.nodes}` }]);
  const built = toMachine(written, chip, asked?.nodes, powerFacts);
  const inconsistent = machineIssues(built);
  if (inconsistent.length > 0) throw new InputError(inconsistent.map(inFile));
  return built;
}
