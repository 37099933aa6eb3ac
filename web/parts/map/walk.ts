import type { Part, Plan } from './plan.ts';

const ways: Readonly<Record<string, readonly [number, number]>> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** The part that an arrow key leads to from another one: the nearest of its kind that way. Page keys lead out to what contains it, and in. */
export function neighbour(plan: Plan, from: Part | undefined, key: string): Part | undefined {
  if (from === undefined) return key in ways ? (plan.racks[0] ?? plan.nodes[0]) : undefined;
  if (key === 'PageUp') return containing(plan, from);
  if (key === 'PageDown') return within(plan, from);
  const way = ways[key];
  if (way === undefined) return undefined;
  const [dx, dy] = way;
  let best: Part | undefined;
  let least = Infinity;
  for (const part of kin(plan, from)) {
    const [x, y] = [part.x + part.width / 2 - from.x - from.width / 2, part.y + part.height / 2 - from.y - from.height / 2];
    const along = x * dx + y * dy;
    const aside = Math.abs(x * dy) + Math.abs(y * dx);
    if (along <= 1 || along + 3 * aside >= least) continue;
    least = along + 3 * aside;
    best = part;
  }
  return best;
}

function kin(plan: Plan, { kind }: Part): readonly Part[] {
  return { rack: plan.racks, node: plan.nodes, chip: plan.chips, die: plan.dies, cpu: plan.cpus, switch: plan.switches }[kind];
}

const inward: Readonly<Record<Part['kind'], readonly ('nodes' | 'chips' | 'dies' | 'switches')[]>> = {
  rack: ['nodes', 'switches'],
  node: ['chips'],
  chip: ['dies'],
  die: [],
  cpu: [],
  switch: [],
};

function inside(part: Part, outer: Part): boolean {
  return part.x >= outer.x && part.y >= outer.y && part.x + part.width <= outer.x + outer.width && part.y + part.height <= outer.y + outer.height;
}

function within(plan: Plan, outer: Part): Part | undefined {
  return inward[outer.kind].flatMap((list) => plan[list].filter((part) => inside(part, outer))).at(0);
}

/** What a part sits in; a rack and what sits in none: nothing. */
export function containing(plan: Plan, part: Part): Part | undefined {
  const outer =
    part.kind === 'die' ? [plan.chips, plan.nodes, plan.racks] : part.kind === 'node' ? [plan.racks] : part.kind === 'rack' ? [] : [plan.nodes, plan.racks];
  return outer.flatMap((list) => list.filter((other) => inside(part, other))).at(0);
}
