import type { Placement } from './placement.ts';

/** Where copies go: anywhere, or so that the experts of one routing group stay in one node. */
export interface EplbShape {
  readonly slots: number;
  readonly ranks: number;
  /** 1 for the global policy. */
  readonly groups: number;
  readonly nodes: number;
}

/**
 * Placement of experts by their loads as EPLB, the published expert-parallelism load balancer, does it: groups of experts are
 * packed into nodes, the experts of a node with most load for each copy get another copy until all slots are taken, copies are packed into
 * ranks. Where groups do not divide over nodes, everything is one group on one node (the global policy).
 */
export function eplb(loads: readonly number[], { slots, ranks, groups, nodes }: EplbShape): Placement {
  if (groups % nodes !== 0 || slots % nodes !== 0 || ranks % nodes !== 0 || loads.length % groups !== 0)
    return eplb(loads, { slots, ranks, groups: 1, nodes: 1 });
  const size = loads.length / groups;
  const groupLoads = Array.from({ length: groups }, (_, group) => sum(loads.slice(group * size, (group + 1) * size)));
  return packed(groupLoads, nodes).flatMap((own) => {
    const experts = own.flatMap((group) => Array.from({ length: size }, (_, i) => group * size + i));
    const copies = replicated(
      experts.map((expert) => loads[expert] ?? 0),
      slots / nodes,
    );
    const ofCopy = copies.map(({ of }) => experts[of] ?? 0);
    return packed(
      copies.map(({ load }) => load),
      ranks / nodes,
    ).map((rank) => rank.map((copy) => ofCopy[copy] ?? 0));
  });
}

/** Equal numbers of items in each pack: the heaviest first, each into the lightest pack with room. */
export function packed(weights: readonly number[], packs: number): readonly (readonly number[])[] {
  const room = weights.length / packs;
  const filled: number[][] = Array.from({ length: packs }, () => []);
  const loads = filled.map(() => 0);
  const order = weights.map((_, i) => i).sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0) || a - b);
  for (const item of order) {
    let best = -1;
    for (let pack = 0; pack < packs; pack++) if ((filled[pack]?.length ?? 0) < room && (best < 0 || (loads[pack] ?? 0) < (loads[best] ?? 0))) best = pack;
    filled[best]?.push(item);
    loads[best] = (loads[best] ?? 0) + (weights[item] ?? 0);
  }
  return filled;
}

/** One copy of each, then copies of what has the most load for each copy; with the load of each copy. */
function replicated(loads: readonly number[], slots: number): readonly { readonly of: number; readonly load: number }[] {
  const copies = loads.map(() => 1);
  for (let slot = loads.length; slot < slots; slot++) {
    let most = 0;
    for (let i = 1; i < loads.length; i++) if ((loads[i] ?? 0) / (copies[i] ?? 1) > (loads[most] ?? 0) / (copies[most] ?? 1)) most = i;
    copies[most] = (copies[most] ?? 1) + 1;
  }
  return loads.flatMap((load, of) => Array.from({ length: copies[of] ?? 1 }, () => ({ of, load: load / (copies[of] ?? 1) })));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
