import process from 'node:process';
import { Command } from 'commander';
import { readNetworkFlags, type NetworkFlags, type NetworkRequest } from '../../schema/network.ts';
import { InputError } from '../../src/base/errors.ts';
import { pathCost, type PathQuestion } from '../../src/network/path.ts';
import { unreachable } from '../../src/base/errors.ts';
import { repeated } from '../flags.ts';
import { loadMachine } from '../machines.ts';
import { networkAsJson, pathAsJson } from '../network/json.ts';
import { showNetwork } from '../network/overview.ts';
import { showPath } from '../network/path.ts';

type Options = NetworkFlags & { readonly json?: boolean };

/** `supernode network MACHINE`: its planes, or what one transfer takes and why. */
export function command(): Command {
  return new Command('network')
    .argument('<machine>', 'a name in the catalogue, name*N for N nodes of a scalable machine, or the path of a machine file')
    .option('--path <ends...>', 'point to point between two ends: "die 17", "npu 8", "cpu 3", "node 2", "l1 3.2"')
    .option('--operation <kind>', 'of a path: read or write (read)')
    .option('--size <bytes>', 'bytes of the path, such as 64MB (1 MB)')
    .option('--plane <name>', 'only this plane')
    .option('--fail <what>', 'has failed: "l2 3", "sub-plane 4", "npu 8", "link l1 0.2 - l2 2.5"; may be given several times', repeated)
    .option('--slow <what>', 'runs at a share of its rate: "l1 0.2:50%"; may be given several times', repeated)
    .option('--json', 'for machines: JSON, documented in docs/guide/network.md')
    .action((name: string, options: Options) => {
      const request = readNetworkFlags(loadMachine(name, 'machine'), options);
      process.stdout.write(`${answer(request, options.json === true)}\n`);
    });
}

function answer({ network, question }: NetworkRequest, json: boolean): string {
  switch (question.kind) {
    case 'planes':
      return json ? networkAsJson(network) : showNetwork(network);
    case 'path':
      return path(network, question, json);
    default:
      return unreachable(question);
  }
}

function path(network: NetworkRequest['network'], question: PathQuestion, json: boolean): string {
  const costs = network.planes.map(({ fabric, capacity }) => ({ name: fabric.plane.name, cost: pathCost(fabric, capacity, question) }));
  const lost = costs.filter(({ cost }) => cost === 'lost').map(({ name }) => name);
  const paths = costs.flatMap(({ cost }) => (cost === undefined || cost === 'lost' ? [] : [cost])).toSorted((a, b) => a.time - b.time);
  if (paths.length === 0 && lost.length === 0)
    throw new InputError([{ path: '--path', message: `no plane of ${network.machine.name} joins ${question.from.text} and ${question.to.text}` }]);
  return json ? pathAsJson(network, question, paths, lost) : showPath(network, question, paths, lost);
}
