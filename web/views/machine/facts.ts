import { figuresOf, type NamedFigure } from '../../../src/catalogue/figures.ts';
import type { Machine } from '../../../src/catalogue/machine.ts';
import type { Part } from '../../parts/map/plan.ts';

/** Figures of a part, out of all that the machine's file and its chip's state; of the machine as a whole where no part is chosen. */
export function factsOf(machine: Machine, part: Part | undefined): readonly NamedFigure[] {
  const about = beginnings(machine, part);
  const all = figuresOf(machine);
  if (about !== undefined) return all.filter(({ name }) => about.some((beginning) => name.startsWith(beginning)));
  const planes = machine.planes.map(({ name }) => `${name}.`);
  return all.filter(({ name }) => !['die.', 'chip.', 'node.', ...planes].some((beginning) => name.startsWith(beginning)));
}

/** What the names of a part's figures begin with; undefined for the machine. */
function beginnings({ planes }: Machine, part: Part | undefined): readonly string[] | undefined {
  const ports = (owner: string): readonly string[] => planes.filter(({ port }) => port.owner === owner).map(({ name }) => `${name}.port`);
  switch (part?.kind) {
    case 'die':
      return ['die.', ...ports('die'), ...planes.map(({ name }) => `${name}.die-`)];
    case 'chip':
      return ['chip.', 'die.memory', ...ports('chip')];
    case 'cpu':
      return [...planes.map(({ name }) => `${name}.cpu`), ...ports('cpu'), ...planes.flatMap(({ name }) => [`${name}.die-cpu`])];
    case 'node':
      return ['node.', ...ports('node')];
    case 'switch':
      return [`${part.of?.plane.name}.${part.of?.level}.`, `${part.of?.plane.name}.efficiency`];
    case 'rack':
    case undefined:
      return undefined;
  }
}
