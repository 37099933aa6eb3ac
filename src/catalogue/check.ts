import { unreachable, type Issue } from '../base/errors.ts';
import { formatQuantity } from '../base/quantity.ts';
import type { Chip } from './chip.ts';
import { numberFormats } from './format.ts';
import { chipCount, planeRoles, type Machine, type Path, type Plane } from './machine.ts';
import { chipsOfLevel, domainsOf } from './totals.ts';

/** What contradicts itself inside a chip. */
export function chipIssues(chip: Chip): readonly Issue[] {
  const issues: Issue[] = [];
  for (const format of numberFormats) {
    const entry = chip.die.matrix.peaks[format];
    if (entry?.ceiling === undefined || entry.ceiling.value <= entry.peak.value) continue;
    issues.push({
      path: `die.matrix.peaks.${format}.ceiling`,
      message: `expected at most the peak of ${formatQuantity(entry.peak.value, 'flop/s', 4)}, got ${formatQuantity(entry.ceiling.value, 'flop/s', 4)}`,
    });
  }
  const { max, idle } = chip.power;
  if (idle !== undefined && idle.value > max.value)
    issues.push({ path: 'power.idle', message: `expected at most the ${max.value} W of power.max, got ${idle.value} W` });
  return issues;
}

/** What contradicts itself inside a machine: planes that do not fit its chips, switches whose links lead nowhere, paths faster than their ports. */
export function machineIssues(machine: Machine): readonly Issue[] {
  const issues: Issue[] = [];
  for (const role of planeRoles) {
    const planes = machine.planes.filter((plane) => plane.role === role);
    if (planes.length > 1)
      issues.push({ path: 'planes', message: `expected at most one plane of the role ${role}, got ${planes.map(({ name }) => name).join(' and ')}` });
  }
  const names = machine.planes.map(({ name }) => name);
  for (const name of new Set(names.filter((name, i) => names.indexOf(name) !== i)))
    issues.push({ path: 'planes', message: `expected a name of its own for every plane, got "${name}" more than once` });
  const joinsDies = names.length > 0 && machine.planes.some(({ role }) => role === 'package' || role === 'scale-up');
  if (machine.chip.dies > 1 && !joinsDies)
    issues.push({ path: 'planes', message: `expected a plane of the role package or scale-up, as ${machine.chip.name} has ${machine.chip.dies} dies` });
  const { racks } = machine;
  if (racks !== undefined && racks.compute * racks.nodesPerRack < machine.nodes) {
    const room = `${racks.compute} compute racks of ${racks.nodesPerRack}`;
    issues.push({ path: 'racks', message: `expected room for ${machine.nodes} nodes, got ${room} = ${racks.compute * racks.nodesPerRack}` });
  }
  issues.push(...drawIssues(machine));
  machine.planes.forEach((plane, i) => {
    const at = `planes[${i}]`;
    issues.push(...domainIssues(machine, plane, at), ...switchIssues(machine, plane, at), ...pathIssues(machine, plane, at));
  });
  return issues;
}

function drawIssues({ draws, losses, planes }: Machine): readonly Issue[] {
  const issues: Issue[] = [];
  (draws ?? []).forEach(({ per, plane, idle, max }, i) => {
    const at = `draws[${i}]`;
    const names = planes.map(({ name }) => name).join(', ');
    if (plane !== undefined && !planes.some(({ name }) => name === plane))
      issues.push({ path: `${at}.plane`, message: `expected one of ${names}, got ${plane}` });
    if (plane === undefined && (per === 'switch' || per === 'module'))
      issues.push({ path: `${at}.plane`, message: `expected the plane whose ${per === 'switch' ? 'switches' : 'modules'} these are (${names}), got nothing` });
    if (idle !== undefined && idle.value > max.value)
      issues.push({ path: `${at}.idle`, message: `expected at most the ${max.value} W of its max, got ${idle.value} W` });
  });
  if (losses !== undefined && losses.value >= 1) issues.push({ path: 'losses', message: `expected a share below 1, got ${losses.value}` });
  return issues;
}

function domainIssues(machine: Machine, plane: Plane, at: string): readonly Issue[] {
  const chips = chipCount(machine);
  const path = `${at}.domain-chips`;
  switch (plane.role) {
    case 'package':
      if (plane.domainChips === 1) return [];
      return [{ path, message: `expected 1, as the plane ${plane.name} joins the dies of one chip, got ${plane.domainChips}` }];
    case 'host':
    case 'scale-up':
      if (chips % plane.domainChips === 0) return [];
      return [{ path, message: `expected a divisor of the ${chips} chips (${machine.nodes} nodes x ${machine.node.chips}), got ${plane.domainChips}` }];
    case 'scale-out':
    case 'front-end':
      if (plane.domainChips >= chips) return [];
      return [{ path, message: `expected at least the ${chips} chips (${machine.nodes} nodes x ${machine.node.chips}), got ${plane.domainChips}` }];
    default:
      return unreachable(plane.role);
  }
}

function switchIssues(machine: Machine, plane: Plane, at: string): readonly Issue[] {
  const issues: Issue[] = [];
  const [first] = plane.levels;
  if (first !== undefined) {
    const links = plane.port.bandwidth.value / plane.subPlanes / first.linkBandwidth.value;
    if (links < 1 || Math.abs(links - Math.round(links)) > 0.01 * links)
      issues.push({
        path: `${at}.levels[0].link-bandwidth`,
        message: `expected the port's ${formatQuantity(plane.port.bandwidth.value, 'B/s', 4)} to be a whole number of links on each of ${plane.subPlanes} sub-planes, got ${links.toPrecision(3)} links of ${formatQuantity(first.linkBandwidth.value, 'B/s', 4)}`,
      });
  }
  plane.levels.forEach((level, i) => {
    const next = plane.levels[i + 1];
    if (next === undefined) {
      if (plane.role === 'scale-up' && level.uplinks > 0)
        issues.push({ path: `${at}.levels[${i}].uplinks`, message: `expected 0 at the top level ${level.name}, got ${level.uplinks}` });
      return;
    }
    if (level.uplinks === 0) {
      issues.push({ path: `${at}.levels[${i}].uplinks`, message: `expected links from ${level.name} to the next level ${next.name}, got 0` });
      return;
    }
    const links = level.uplinks * chipsOfLevel(machine, plane, level);
    const ports = next.ports === undefined ? undefined : next.ports * chipsOfLevel(machine, plane, next);
    if (ports !== undefined && links > ports)
      issues.push({
        path: `${at}.levels[${i}].uplinks`,
        message: `expected at most the ${ports} ports of the level ${next.name}, got ${links} links (${level.uplinks} from each of ${chipsOfLevel(machine, plane, level)} chips)`,
      });
    const lanes = next.per === 'rail' ? plane.rails : domainsOf(machine, plane) * plane.subPlanes;
    const reach = chipsOfLevel(machine, plane, next) / lanes;
    // Chips that were counted from their ports take links in turn.
    if (next.counted !== true && Number.isInteger(reach) && level.uplinks % reach !== 0)
      issues.push({
        path: `${at}.levels[${i}].uplinks`,
        message: `expected equally many links to each of the ${reach} ${next.name} chips of a sub-plane, got ${level.uplinks} uplinks`,
      });
  });
  return issues;
}

function pathIssues(machine: Machine, plane: Plane, at: string): readonly Issue[] {
  return plane.paths.flatMap((path, i): Issue[] => {
    const limit = Math.min(...[path.from, path.to].map((end) => portOf(plane, end)));
    const issues: Issue[] = [];
    if (path.bandwidth.value > limit)
      issues.push({
        path: `${at}.paths[${i}].bandwidth`,
        message: `expected at most the port's ${formatQuantity(limit, 'B/s', 4)}, got ${formatQuantity(path.bandwidth.value, 'B/s', 4)}`,
      });
    if (path.scope === 'package' && machine.chip.dies === 1)
      issues.push({ path: `${at}.paths[${i}].scope`, message: `expected node or machine, as ${machine.chip.name} has one die, got package` });
    return issues;
  });
}

function portOf(plane: Plane, end: Path['from']): number {
  return end === 'cpu' ? (plane.cpuPort?.value ?? Infinity) : plane.port.bandwidth.value;
}
