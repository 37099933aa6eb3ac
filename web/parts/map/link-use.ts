import type { Machine } from '../../../src/catalogue/machine.ts';
import type { Frame } from '../../../src/report/live/frame.ts';
import type { Opened } from '../../../src/report/live/opened.ts';
import type { DieUse } from './scene.ts';

/** Highest share of a link's rate at each die and CPU. */
export interface LinkUse {
  readonly dies: Float32Array;
  readonly cpus: Float32Array;
}

/** Which ends a link is of: `ub: CPU 0 to CPU 3 out`. Links above switches, and storage, are at no end. */
const named = /^[^:]*: ([^\d]+?) (\d+)(?: to [^\d]+ (\d+))? (?:out|in)$/;

/**
 * Loads of ports, spread to what owns them: the share of the rate that KV takes, or at dies the share of the time of iterations in which they exchange
 * something, where that is more.
 */
export function linkUse({ chip, node, nodes }: Machine, { links }: Opened, frame: Frame, uses: readonly (DieUse | undefined)[]): LinkUse {
  const perNode = node.chips * chip.dies;
  const use: LinkUse = { dies: new Float32Array(nodes * perNode), cpus: new Float32Array(nodes * node.cpus) };
  const raise = (of: Float32Array, from: number, to: number, share: number): void => {
    for (let i = from; i < to; i++) if ((of[i] ?? 0) < share) of[i] = share;
  };
  links.forEach(({ name }, l) => {
    const [, kind, first, last = first] = named.exec(name) ?? [];
    if (kind === undefined) return;
    const [from, to, share] = [Number(first), Number(last) + 1, frame.links[l] ?? 0];
    if (kind === 'die') raise(use.dies, from, to, share);
    else if (kind === chip.word) raise(use.dies, from * chip.dies, to * chip.dies, share);
    else if (kind === 'CPU') raise(use.cpus, from, to, share);
    else if (kind === 'node') raise(use.cpus, from * node.cpus, to * node.cpus, share);
  });
  uses.forEach((die, d) => {
    if (die !== undefined) raise(use.dies, d, d + 1, frame.exchanges[die.instance] ?? 0);
  });
  return use;
}
