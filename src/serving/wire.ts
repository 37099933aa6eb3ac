import { InputError } from '../base/errors.ts';
import { dieCount, type Machine, type Plane } from '../catalogue/machine.ts';
import { stageDies, type Layout } from '../model/layout.ts';
import { kvBytesPerTokenPerDie, movedStateBytes, unsplit } from '../model/kv.ts';
import { pathOf } from '../network/reach.ts';
import { Wiring, type Direction } from '../network/wiring.ts';
import { mostInstances } from './control/control.ts';
import { joined } from './links.ts';
import { MemoryPorts, type WaysOf } from './memory-ports.ts';
import { placement, type RankDies } from './placement.ts';
import type { BothWays, CachePlant, EndPlant, Plant, StoragePlant, TransferPlant } from './plant.ts';
import type { CachePool, DisaggregatedDeployment, Scenario } from './scenario.ts';

/** Links of a deployment's transfers on its machine. */
export interface Wired extends Pick<Plant, 'transfer' | 'cache' | 'links'> {
  /** Says what faults leave of the links' rates. */
  readonly wiring: Wiring;
}

/** What links follow from beside the deployment. */
type Surroundings = Pick<Scenario, 'machine' | 'model' | 'precision' | 'control'>;

/** What was made for a deployment last: runs that differ in traffic or seed share it. */
const latest = new WeakMap<DisaggregatedDeployment, { readonly of: readonly unknown[]; readonly made: Wired }>();

/**
 * Joins the ranks of a deployment over the planes of its machine. Deployments and machines are told apart by identity.
 * @throws InputError where the transfer plane does not join a prefill with a decode rank
 */
export function wired(scenario: Surroundings, deployment: DisaggregatedDeployment): Wired {
  const { machine, model, precision, control } = scenario;
  const of = [machine, model, precision, control];
  const known = latest.get(deployment);
  if (known?.of.every((one, i) => one === of[i]) === true) return known.made;
  const made = wire(scenario, deployment);
  latest.set(deployment, { of, made });
  return made;
}

function wire(scenario: Surroundings, deployment: DisaggregatedDeployment): Wired {
  const { machine } = scenario;
  const wiring = new Wiring(machine);
  const pools = (['prefill', 'decode'] as const).map((role, index) => {
    const { instances, layout } = deployment[role];
    const most = scenario.control === undefined ? instances : mostInstances(scenario.control, index, role, instances);
    return { instances, added: most - instances, layout };
  });
  const [prefill = [], decode = []] = placement(pools, dieCount(machine));
  // Links of the cache come first: those of ports that push lie inside some of them where both use one plane.
  const cache = deployment.cache === undefined ? undefined : cacheOf(scenario, deployment.prefill.layout, deployment.cache, prefill, wiring);
  const transfer = transferOf(scenario, deployment, [prefill, decode], wiring);
  return { transfer, cache: cache === undefined ? undefined : cache(), links: withStorage(wiring, scenario, deployment.cache), wiring };
}

/** KV of one token in the whole model, counted once however often a layout replicates it. [B] */
function kvBytesPerToken({ model, precision }: Surroundings, layout: Layout): number {
  return kvBytesPerTokenPerDie(model, precision, unsplit(layout));
}

/**
 * KV from prefill to decode: a decode rank of `d` dies pulls from `d` of the `p` dies of a prefill rank, so that the prefill rank has
 * `p / d` sources (arXiv 2506.12708, 4.3).
 */
function transferOf(
  scenario: Surroundings,
  { prefill, decode, transferPlane }: DisaggregatedDeployment,
  [from, to]: readonly [readonly RankDies[], readonly RankDies[]],
  wiring: Wiring,
): TransferPlant {
  const { machine } = scenario;
  const plane = planeNamed(machine, transferPlane);
  const dies = stageDies(prefill.layout);
  const sourcesPerRank = Math.max(1, Math.floor(dies / stageDies(decode.layout)));
  const at = (group: number): number => Math.floor((group * dies) / sourcesPerRank);
  const portsOf = (of: readonly number[], direction: Direction): number =>
    wiring.ports(
      plane,
      of.map((index) => ({ kind: 'die', index })),
      direction,
      plane.efficiency.value,
      false,
    );
  const groups = Array.from({ length: sourcesPerRank }, (_, group) => group);
  const out = from.flatMap((stages) =>
    groups.map((group) =>
      portsOf(
        stages.flatMap((stage) => stage.slice(at(group), at(group + 1))),
        'out',
      ),
    ),
  );
  const into = to.map((stages) => portsOf(stages.flat(), 'in'));
  const ends = new Map<number, EndPlant>();
  const endOf = (port: number): EndPlant => {
    const end = ends.get(port) ?? { ports: wiring.over(port), levels: wiring.levels(port) };
    ends.set(port, end);
    return end;
  };
  const sources = out.map(endOf);
  const sinks = into.map(endOf);
  // Ends below the same switches are joined alike.
  const alike = (of: readonly EndPlant[]): readonly EndPlant[] => [...new Map(of.map((end) => [end.levels.map(({ group }) => group).join(' '), end])).values()];
  const sinksApart = alike(sinks);
  for (const source of alike(sources)) {
    const apart = sinksApart.find((sink) => !joined(source, sink));
    if (apart === undefined) continue;
    const [a, b] = [source, apart].map(({ ports }) => wiring.links[ports[0]].name.replace(/ (?:out|in)$/, ''));
    throw new InputError([{ path: 'deployment.transfer-plane', message: `no way on ${plane.name} from ${a} to ${b}; expected a plane that joins both pools` }]);
  }
  return {
    bytesPerToken: kvBytesPerToken(scenario, decode.layout),
    bytesPerSequence: movedStateBytes(scenario.model, scenario.precision, decode.layout),
    sourcesPerRank,
    sources,
    sinks,
    latency: plane.port.latency.value,
  };
}

/** The prefix cache in the memory of nodes. Links have their numbers at once; which contain which is known when all are made. */
function cacheOf(scenario: Surroundings, layout: Layout, cache: CachePool, ranks: readonly RankDies[], wiring: Wiring): () => CachePlant {
  const { machine } = scenario;
  const plane = planeNamed(machine, cache.plane);
  const [read, write] = [pathOf(plane, 'machine', 'read', 'cpu'), pathOf(plane, 'machine', 'write', 'cpu')];
  const ports = new MemoryPorts(machine, plane, wiring);
  const numbers = Array.from({ length: cache.nodes }, (_, node) => node);
  const pool = ports.memory(numbers);
  const nodes = numbers.map((node) => ports.memory([node]));
  const readers = ranks.map((stages) => ports.dies(stages.flat()));
  return () => {
    const over = ({ out, in: into }: WaysOf): BothWays => ({ out: wiring.over(out), in: wiring.over(into) });
    const whole = over(pool);
    const apart = (node: WaysOf): BothWays => {
      const links = over(node);
      return { out: links.out.filter((link) => !whole.out.includes(link)), in: links.in.filter((link) => !whole.in.includes(link)) };
    };
    return {
      bytesPerToken: kvBytesPerToken(scenario, layout),
      capacity: cache.capacity,
      blockTokens: cache.blockTokens,
      ttl: cache.ttl,
      readInStep: cache.readInStep,
      storage: cache.storage === undefined ? undefined : storageOf(cache.storage, wiring.size),
      pool: whole,
      nodes: nodes.map(apart),
      ranks: readers.map(over),
      latency: read?.latency.value ?? plane.port.latency.value,
      writeLatency: write?.latency.value ?? plane.port.latency.value,
    };
  };
}

function storageOf({ capacity, latency, write }: NonNullable<CachePool['storage']>, link: number): StoragePlant {
  return { capacity, latency, write, links: { out: [link], in: [link + 1] } };
}

/** The links of the machine, and behind them those between storage and memory, which are on no plane. */
function withStorage(wiring: Wiring, { machine }: Surroundings, cache: CachePool | undefined): Plant['links'] {
  if (cache?.storage === undefined) return wiring.links;
  const { bandwidth } = cache.storage;
  return [...wiring.links, ...['out', 'in'].map((way) => ({ name: `storage of ${machine.name} ${way}`, rate: bandwidth }))];
}

/** A plane by name; the scenario's door has checked that it is there. */
function planeNamed(machine: Machine, name: string): Plane {
  const plane = machine.planes.find((candidate) => candidate.name === name);
  if (plane === undefined) throw new InputError([{ path: 'deployment', message: `${machine.name} has no plane "${name}"` }]);
  return plane;
}
