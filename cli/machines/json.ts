import { figuresOf, kindsOf } from '../../src/catalogue/figures.ts';
import type { Machine } from '../../src/catalogue/machine.ts';
import { totalsOf } from '../../src/catalogue/totals.ts';

const schema = 'supernode/machines/1';

/** The catalogue as JSON: what the list shows. SI units. */
export function machinesAsJson(machines: readonly Machine[]): string {
  const entries = machines.map((machine) => ({
    name: machine.name,
    title: machine.title,
    chip: machine.chip.name,
    nodes: machine.nodes,
    scalable: machine.scalable,
    stack: machine.stack,
    power: machine.power,
    hourly: machine.hourly,
    totals: totalsOf(machine),
    kinds: kindsOf(figuresOf(machine)),
  }));
  return JSON.stringify({ schema, machines: entries }, undefined, 2);
}

/** One machine as JSON: its whole description, chip included, and its totals. SI units. */
export function machineAsJson(machine: Machine): string {
  // What holds for any machine is none of its description.
  return JSON.stringify(
    { schema, machine: { ...machine, powerFacts: undefined }, totals: totalsOf(machine), kinds: kindsOf(figuresOf(machine)) },
    undefined,
    2,
  );
}
