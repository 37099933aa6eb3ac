import type { Plane } from '../../src/catalogue/machine.ts';
import { expectedOneOf } from '../../src/base/nearest.ts';
import type { Model } from '../../src/model/model.ts';
import type { Surroundings } from './layout.ts';

/** Refuses a plane that the machine does not have, or that joins nothing beyond a chip. Returns the name. */
export function planeNamed(name: string, at: string, { machine, problems }: Surroundings): string {
  const names = machine?.planes.map((plane) => plane.name) ?? [];
  if (machine !== undefined && !names.includes(name)) problems.add(at, `${machine.name} has no plane ${name}; ${expectedOneOf(name, names)}`);
  const plane: Plane | undefined = machine?.planes.find((candidate) => candidate.name === name);
  if (plane?.role === 'package') problems.add(at, `${name} joins the dies of one chip only; expected another plane`);
  return name;
}

/** Why prefixes of a model are not cached. */
export function statesAreNotFound({ name }: Model): string {
  return `${name} has recurrent layers, whose state behind a prefix is not kept: prompts are computed whole; leave this out`;
}
