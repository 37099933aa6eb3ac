import type { Machine } from '../../../src/catalogue/machine.ts';
import { switchesOf, type Switch } from './switches.ts';

/** A part of a machine where the map has it. Lengths are those of the map at its own size. */
export interface Part {
  readonly kind: 'rack' | 'node' | 'chip' | 'die' | 'cpu' | 'switch';
  /** Among its kind over the machine; a switch among those of the map. */
  readonly index: number;
  /** As faults and paths call it, such as `npu 17` or `L1 3.2`; a rack is called by its kind. */
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly of?: Switch | undefined;
}

/** A machine laid out: racks of nodes of chips of dies, CPUs and switches in their nodes, other switches in racks of their own. */
export interface Plan {
  readonly machine: Machine;
  readonly width: number;
  readonly height: number;
  readonly racks: readonly Part[];
  readonly nodes: readonly Part[];
  readonly chips: readonly Part[];
  readonly dies: readonly Part[];
  readonly cpus: readonly Part[];
  readonly switches: readonly Part[];
}

const die = { width: 10, height: 15 };
const gap = 3;
const pad = 5;
const chipPad = 2;
/** Room above a node and a rack for their names. */
const head = 9;
const small = { width: 7, height: 7 };
/** Width over height that the whole is laid out for. */
const aspect = 1.75;

export function planOf(machine: Machine): Plan {
  const { node, chip, nodes, racks } = machine;
  const switches = switchesOf(machine);
  const inNodes = Map.groupBy(
    switches.filter(({ node: at }) => at !== undefined),
    ({ node: at }) => at as number,
  );
  const others = switches.filter(({ node: at }) => at === undefined);
  const chipSize = { width: chip.dies * die.width + (chip.dies - 1) + 2 * chipPad, height: die.height + 2 * chipPad };
  const chipColumns = node.chips <= 4 ? node.chips : Math.ceil(node.chips / 2);
  const strip = node.cpus + (inNodes.get(0)?.length ?? 0);
  const chipsWidth = chipColumns * (chipSize.width + gap) - gap;
  const perStrip = Math.max(1, Math.floor((chipsWidth + gap) / (small.width + gap)));
  const nodeSize = {
    width: chipsWidth + 2 * pad,
    height: head + Math.ceil(node.chips / chipColumns) * (chipSize.height + gap) + Math.ceil(strip / perStrip) * (small.height + gap) - gap + 2 * pad,
  };
  const perRack = racks?.nodesPerRack ?? 1;
  const nodeColumns = Math.max(1, Math.round(Math.sqrt((perRack * nodeSize.height) / (nodeSize.width * 2.2))));
  const rackSize = {
    width: nodeColumns * (nodeSize.width + gap) - gap + 2 * pad,
    height: head + Math.ceil(perRack / nodeColumns) * (nodeSize.height + gap) - gap + 2 * pad,
  };
  const computeRacks = Math.ceil(nodes / perRack);
  const fabricRacks = others.length === 0 ? 0 : Math.max(1, racks?.communication ?? 1);
  const count = computeRacks + fabricRacks;
  const columns = bestColumns(count, rackSize);
  const plan = { racks: [] as Part[], nodes: [] as Part[], chips: [] as Part[], dies: [] as Part[], cpus: [] as Part[], switches: [] as Part[] };
  const word = chip.word.toLowerCase();

  const placeNode = (index: number, x: number, y: number): void => {
    plan.nodes.push({ kind: 'node', index, name: `node ${index}`, x, y, ...nodeSize });
    for (let c = 0; c < node.chips; c++) {
      const number = index * node.chips + c;
      const [cx, cy] = [x + pad + (c % chipColumns) * (chipSize.width + gap), y + head + pad + Math.floor(c / chipColumns) * (chipSize.height + gap)];
      plan.chips.push({ kind: 'chip', index: number, name: `${word} ${number}`, x: cx, y: cy, ...chipSize });
      for (let d = 0; d < chip.dies; d++) {
        const own = number * chip.dies + d;
        plan.dies.push({ kind: 'die', index: own, name: `die ${own}`, x: cx + chipPad + d * (die.width + 1), y: cy + chipPad, ...die });
      }
    }
    const top = y + head + pad + Math.ceil(node.chips / chipColumns) * (chipSize.height + gap);
    const at = (i: number): { readonly x: number; readonly y: number } => ({
      x: x + pad + (i % perStrip) * (small.width + gap),
      y: top + Math.floor(i / perStrip) * (small.height + gap),
    });
    for (let c = 0; c < node.cpus; c++) plan.cpus.push({ kind: 'cpu', index: index * node.cpus + c, name: `cpu ${index * node.cpus + c}`, ...at(c), ...small });
    (inNodes.get(index) ?? []).forEach((of, i) => plan.switches.push(switchPart(of, plan.switches.length, { ...at(node.cpus + i), ...small })));
  };

  for (let r = 0; r < count; r++) {
    const [x, y] = [(r % columns) * (rackSize.width + 2 * gap), Math.floor(r / columns) * (rackSize.height + 2 * gap)];
    if (racks !== undefined || r >= computeRacks)
      plan.racks.push({ kind: 'rack', index: r, name: r < computeRacks ? `rack ${r}` : `fabric ${r - computeRacks}`, x, y, ...rackSize });
    if (r < computeRacks)
      for (let n = 0; n < perRack && r * perRack + n < nodes; n++)
        placeNode(
          r * perRack + n,
          x + pad + (n % nodeColumns) * (nodeSize.width + gap),
          y + head + pad + Math.floor(n / nodeColumns) * (nodeSize.height + gap),
        );
    else {
      const here = fabricShare(others, r - computeRacks, fabricRacks);
      fabricParts(here, { x: x + pad, y: y + head + pad, width: rackSize.width - 2 * pad, height: rackSize.height - head - 2 * pad }).forEach((box, i) =>
        plan.switches.push(switchPart(here[i] as Switch, plan.switches.length, box)),
      );
    }
  }
  const rows = Math.ceil(count / columns);
  return { machine, width: columns * (rackSize.width + 2 * gap) - 2 * gap, height: rows * (rackSize.height + 2 * gap) - 2 * gap, ...plan };
}

type Box = Pick<Part, 'x' | 'y' | 'width' | 'height'>;

function switchPart(of: Switch, index: number, box: Box): Part {
  return { kind: 'switch', index, name: of.name, of, ...box };
}

/** The switches of one of the fabric's racks: those with lanes in equal parts, the others in the last one. */
function fabricShare(switches: readonly Switch[], rack: number, racks: number): readonly Switch[] {
  const laned = switches.filter(({ lane }) => lane !== undefined);
  const share = Math.ceil(laned.length / racks);
  return [...laned.slice(rack * share, (rack + 1) * share), ...(rack === racks - 1 ? switches.filter(({ lane }) => lane === undefined) : [])];
}

/** Switches as a grid that fills a rack: a column for each lane, those without in rows below. */
function fabricParts(switches: readonly Switch[], { x, y, width, height }: Box): readonly Box[] {
  const laned = switches.filter(({ lane }) => lane !== undefined);
  const lanes = new Set(laned.map(({ lane }) => lane)).size;
  const rest = switches.length - laned.length;
  const columns = lanes > 1 && laned.length > lanes ? lanes : Math.max(1, Math.round(Math.sqrt((switches.length * width) / height)));
  const rows = Math.ceil(laned.length / columns) + Math.ceil(rest / columns);
  const [cell, row] = [Math.min((width + gap) / columns, 40), Math.min((height + gap) / rows, 80)];
  const below = Math.ceil(laned.length / columns);
  return switches.map((_, i) => {
    const at = i < laned.length ? i : below * columns + (i - laned.length);
    return { x: x + (at % columns) * cell, y: y + Math.floor(at / columns) * row, width: cell - gap, height: row - gap };
  });
}

/** Columns that bring the whole nearest to its aspect, full rows first. */
function bestColumns(count: number, { width, height }: Pick<Box, 'width' | 'height'>): number {
  const off = (columns: number): number => {
    const rows = Math.ceil(count / columns);
    return Math.abs(Math.log((columns * width) / (rows * height) / aspect)) + (0.4 * (columns * rows - count)) / columns;
  };
  return Array.from({ length: count }, (_, i) => i + 1).reduce((best, columns) => (off(columns) < off(best) ? columns : best), 1);
}

/** The part at a place of the map: the smallest that is drawn there. `fine`: dies are told apart. */
export function partAt(plan: Plan, x: number, y: number, fine: boolean): Part | undefined {
  const inside = (part: Part): boolean => x >= part.x && y >= part.y && x < part.x + part.width && y < part.y + part.height;
  const layers = [...(fine ? [plan.dies] : []), plan.chips, plan.cpus, plan.switches, plan.nodes, plan.racks];
  for (const layer of layers) {
    const found = layer.find(inside);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The part of a name as users type it; case and `switch` in front do not count. */
export function partNamed(plan: Plan, typed: string): Part | undefined {
  const name = typed
    .trim()
    .toLowerCase()
    .replace(/^switch\s+/, '')
    .replace(/\s+/g, ' ');
  return [plan.dies, plan.chips, plan.cpus, plan.nodes, plan.switches, plan.racks].flat().find((part) => part.name.toLowerCase() === name);
}
