import process from 'node:process';
import { Command } from 'commander';
import { readNetworkFlags, type CollectiveQuestion, type ExchangeQuestion, type Network, type NetworkRequest } from '../../schema/network.ts';
import type { NetworkFlags } from '../../schema/network-flags.ts';
import { InputError } from '../../src/base/errors.ts';
import type { Stack } from '../../src/catalogue/stack.ts';
import { exchangeKernels } from '../../src/catalogue/library.ts';
import { collectiveModel } from '../../src/network/collective.ts';
import { collectiveOptions } from '../../src/network/collective-options.ts';
import { exchangeModel, type ExchangeModel } from '../../src/network/exchange.ts';
import { shareLeft } from '../../src/network/flows/left.ts';
import { groupOf } from '../../src/network/group.ts';
import { pathCost, type PathQuestion } from '../../src/network/path.ts';
import { unreachable } from '../../src/base/errors.ts';
import { repeated } from '../flags.ts';
import { loadMachine } from '../machines.ts';
import { showCollective } from '../network/collective.ts';
import { showExchange } from '../network/exchange.ts';
import { collectiveAsJson, exchangeAsJson, networkAsJson, pathAsJson } from '../network/json.ts';
import type { PlaneLeft } from '../network/left.ts';
import { showNetwork } from '../network/overview.ts';
import { showPath } from '../network/path.ts';
import { loadStack } from '../stacks.ts';

type Options = NetworkFlags & { readonly json?: boolean };

/** `supernode network MACHINE`: its planes, or what one transfer takes and why. */
export function command(): Command {
  return new Command('network')
    .argument('<machine>', 'a name in the catalogue, name*N for N nodes of a scalable machine, or the path of a machine file')
    .option('--path <ends...>', 'point to point between two ends: "die 17", "npu 8", "cpu 3", "node 2", "l1 3.2"')
    .option('--collective <kind>', 'all-reduce, all-gather, reduce-scatter, all-to-all or broadcast of --size bytes over --ranks')
    .option('--ranks <dies>', 'of a collective: how many dies, or a list such as 0-7,16-23')
    .option('--dispatch', 'tokens to their experts: over --ep dies, --tokens of each')
    .option('--combine', 'and back; both may be asked at once')
    .option('--ep <dies>', 'of an exchange: dies of the group')
    .option('--tokens <n>', 'of an exchange: tokens of one die')
    .option('--hidden <n>', 'elements of a row (7168)')
    .option('--top-k <n>', 'experts of a token (8)')
    .option('--experts <n>', 'experts of a layer, redundant ones included (256)')
    .option('--format <name>', 'of a dispatched element (fp8, or int8 on chips without it)')
    .option('--operation <kind>', 'of a path: read or write (read)')
    .option('--size <bytes>', 'bytes of a path (1 MB), or of the whole vector of a collective')
    .option('--stack <name|file>', 'of a collective or an exchange: the software stack; by default the one of the machine')
    .option('--plane <name>', 'only this plane')
    .option('--fail <what>', 'has failed: "l2 3", "sub-plane 4", "npu 8", "link l1 0.2 - l2 2.5"; may be given several times', repeated)
    .option('--slow <what>', 'runs at a share of its rate: "l1 0.2:50%"; may be given several times', repeated)
    .option('--json', 'for machines: JSON, documented in docs/guide/network.md')
    .action((name: string, options: Options) => {
      const machine = loadMachine(name, 'machine');
      const request = readNetworkFlags(machine, options);
      process.stdout.write(`${answer(request, () => loadStack(options.stack ?? machine.stack, '--stack'), options.json === true)}\n`);
    });
}

function answer({ network, question }: NetworkRequest, stack: () => Stack, json: boolean): string {
  switch (question.kind) {
    case 'planes':
      return json ? networkAsJson(network) : showNetwork(network);
    case 'path':
      return path(network, question, json);
    case 'collective':
      return collective(network, question, stack(), json);
    case 'exchange':
      return exchange(network, question, stack(), json);
    default:
      return unreachable(question);
  }
}

/** What faults leave of each plane to a group of dies. */
function leftOf({ planes, faults }: Network, dies: readonly number[]): ReadonlyMap<string, number> {
  return new Map(planes.map(({ fabric, capacity }) => [fabric.plane.name, faults.length === 0 ? 1 : shareLeft(fabric, capacity, dies)]));
}

/** @throws InputError where a plane that is used has no way left */
function leftOn(left: ReadonlyMap<string, number>, used: readonly string[]): readonly PlaneLeft[] {
  const lost = used.filter((name) => left.get(name) === 0);
  if (lost.length > 0) throw new InputError([{ path: '--fail', message: `no way is left between some of these dies on ${lost.join(' and ')}` }]);
  return used.map((plane) => ({ plane, share: left.get(plane) ?? 1 }));
}

function collective(network: Network, question: CollectiveQuestion, stack: Stack, json: boolean): string {
  const { machine } = network;
  const group = groupOf(machine, question.dies);
  const left = leftOf(network, question.dies);
  const model = collectiveModel(machine, stack, group, ({ name }) => left.get(name) ?? 1);
  const parts = collectiveOptions(model, question.operation, question.bytes);
  const used = [...new Set(parts.flatMap((options) => options.map(({ plane }) => plane.name)))];
  const found = { group, left: leftOn(left, used), parts, doubts: model.doubts };
  return json ? collectiveAsJson(network, question, found) : showCollective(network, question, found);
}

function exchange(network: Network, question: ExchangeQuestion, stack: Stack, json: boolean): string {
  const { machine } = network;
  const left = leftOf(
    network,
    Array.from({ length: question.ranks }, (_, die) => die),
  );
  const models = exchangeKernels.map((kernel) => ({
    kernel,
    model: exchangeModel(machine, stack, kernel, question.ranks, ({ name }) => left.get(name) ?? 1),
  }));
  // A kernel that stands in for the other kind, or serves both, is shown once.
  const nameOf = (model: ExchangeModel): string => `${model.kernel?.library} ${model.kernel?.name}`;
  const shown = models.filter(({ model }, i) => i === models.findIndex((other) => nameOf(other.model) === nameOf(model)));
  const roles = new Set(shown.flatMap(({ model }) => (model.plane === 'scale-out' ? ['scale-up', 'scale-out'] : [model.plane])));
  const used = machine.planes.filter(({ role }) => roles.has(role)).map(({ name }) => name);
  const found = { left: leftOn(left, used), models: shown };
  return json ? exchangeAsJson(network, question, found) : showExchange(network, question, found);
}

function path(network: Network, question: PathQuestion, json: boolean): string {
  const costs = network.planes.map(({ fabric, capacity }) => ({ name: fabric.plane.name, cost: pathCost(fabric, capacity, question) }));
  const lost = costs.filter(({ cost }) => cost === 'lost').map(({ name }) => name);
  const paths = costs.flatMap(({ cost }) => (cost === undefined || cost === 'lost' ? [] : [cost])).toSorted((a, b) => a.time - b.time);
  if (paths.length === 0 && lost.length === 0)
    throw new InputError([{ path: '--path', message: `no plane of ${network.machine.name} joins ${question.from.text} and ${question.to.text}` }]);
  return json ? pathAsJson(network, question, paths, lost) : showPath(network, question, paths, lost);
}
