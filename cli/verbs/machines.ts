import process from 'node:process';
import { Command } from 'commander';
import { machinesAsJson, machineAsJson } from '../machines/json.ts';
import { listMachines, showMachine } from '../machines/text.ts';
import { dataNames } from '../data.ts';
import { loadMachine } from '../machines.ts';

interface Options {
  readonly json?: boolean;
}

/** `supernode machines [NAME|FILE]`: lists the catalogue, or shows one machine. */
export function command(): Command {
  return new Command('machines')
    .argument('[machine]', 'a name in the catalogue, name*N for N nodes of a scalable machine, or the path of a machine file')
    .option('--json', 'for machines: JSON, documented in docs/guide/machines.md')
    .action((name: string | undefined, options: Options) => {
      process.stdout.write(`${name === undefined ? list(options) : show(name, options)}\n`);
    });
}

function list(options: Options): string {
  const machines = dataNames('machines').map((name) => loadMachine(name));
  return options.json === true ? machinesAsJson(machines) : listMachines(machines);
}

function show(name: string, options: Options): string {
  const machine = loadMachine(name, 'machine');
  return options.json === true ? machineAsJson(machine) : showMachine(machine);
}
