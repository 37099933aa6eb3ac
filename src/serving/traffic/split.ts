import { unreachable } from '../../base/errors.ts';
import { mix, stream } from '../../kernel/random.ts';
import type { ClientPool } from './client-pool.ts';
import type { Arrivals, GeneratorWorkload, PoolWorkload, SessionWorkload, TraceColumns, TraceWorkload, Workload } from './workload.ts';

/** How a front end spreads traffic over machines without looking at them. */
export const splits = ['spread', 'clients'] as const;
export type Split = (typeof splits)[number];

/** Seed of what belongs to one machine of several: streams of different machines have nothing in common. */
export function seedOf(seed: number, machine: number): number {
  return stream(seed, `machine ${machine}`).next32();
}

/**
 * The traffic of each of some machines, which together are a workload. `spread` gives every machine an equal part: of a generator, sessions and
 * clients as many users like those of the whole, at a part of the rate and with draws of their own; of a trace the requests whose first block,
 * or place where there are no blocks, hashes to the machine. `clients` gives each client of a pool to one machine, the busiest first and each to the
 * machine that has least.
 */
export function splitWorkload(workload: Workload, machines: number, split: Split): readonly Workload[] {
  const own = (machine: number): Seeded => ({ machine, machines });
  const each = <T>(of: (part: Seeded) => T): readonly T[] => Array.from({ length: machines }, (_, machine) => of(own(machine)));
  switch (workload.kind) {
    case 'generator':
      return each((part) => generatorPart(workload, part));
    case 'sessions':
      return each((part) => sessionsPart(workload, part));
    case 'trace':
      return each((part) => tracePart(workload, part));
    case 'client-pool':
      return split === 'clients' ? clientParts(workload, machines) : each((part) => poolPart(workload, part));
    default:
      return unreachable(workload);
  }
}

/** One machine of several. */
interface Seeded {
  readonly machine: number;
  readonly machines: number;
}

/** Of a whole number, so that all parts together are it. */
function partOf(whole: number, { machine, machines }: Seeded): number {
  return Math.floor((whole * (machine + 1)) / machines) - Math.floor((whole * machine) / machines);
}

function mixOf<W extends Workload>({ mix: labels }: W, machine: number): W['mix'] {
  return labels === undefined ? undefined : { ...labels, seed: seedOf(labels.seed, machine) };
}

function arrivalsPart(arrivals: Arrivals, part: Seeded): Arrivals {
  return arrivals.kind === 'closed'
    ? { kind: 'closed', concurrency: partOf(arrivals.concurrency, part) }
    : { ...arrivals, rate: arrivals.rate / part.machines };
}

function generatorPart(workload: GeneratorWorkload, part: Seeded): GeneratorWorkload {
  const { arrivals, phases, reuse, requests, seed } = workload;
  return {
    ...workload,
    arrivals: arrivalsPart(arrivals, part),
    phases: phases?.map((phase) => ({ ...phase, rate: phase.rate / part.machines })),
    reuse: reuse === undefined ? undefined : { ...reuse, window: Math.max(1, partOf(reuse.window, part)) },
    requests: partOf(requests, part),
    seed: seedOf(seed, part.machine),
    mix: mixOf(workload, part.machine),
  };
}

function sessionsPart(workload: SessionWorkload, part: Seeded): SessionWorkload {
  const { arrivals, sessions, requests, seed } = workload;
  return {
    ...workload,
    arrivals: arrivalsPart(arrivals, part),
    sessions: sessions === Infinity ? Infinity : partOf(sessions, part),
    requests: partOf(requests, part),
    seed: seedOf(seed, part.machine),
    mix: mixOf(workload, part.machine),
  };
}

function poolPart(workload: PoolWorkload, part: Seeded): PoolWorkload {
  const { scale, requests, seed } = workload;
  return {
    ...workload,
    scale: scale / part.machines,
    requests: partOf(requests, part),
    seed: seedOf(seed, part.machine),
    mix: mixOf(workload, part.machine),
  };
}

/** Which machine has each client of a pool. */
export function machineOfClients({ clients }: ClientPool, machines: number): Int32Array {
  const weights = clients.map(({ rate }) => rate.reduce((sum, one) => sum + one, 0));
  const load = new Float64Array(machines);
  const machineOf = new Int32Array(clients.length);
  const busiest = weights.map((_, c) => c).sort((a, b) => weights[b] - weights[a] || a - b);
  for (const client of busiest) {
    let least = 0;
    for (let machine = 1; machine < machines; machine++) if (load[machine] < load[least]) least = machine;
    machineOf[client] = least;
    load[least] += weights[client];
  }
  return machineOf;
}

function clientParts(workload: PoolWorkload, machines: number): readonly PoolWorkload[] {
  const { pool, requests, seed } = workload;
  const machineOf = machineOfClients(pool, machines);
  const weightOf = (of: ClientPool): number => of.clients.reduce((sum, { rate }) => sum + rate.reduce((all, one) => all + one, 0), 0);
  const whole = weightOf(pool);
  let passed = 0;
  let given = 0;
  return Array.from({ length: machines }, (_, machine) => {
    const part = { ...pool, clients: pool.clients.filter((__, c) => machineOf[c] === machine) };
    passed += weightOf(part);
    const upTo = machine === machines - 1 ? requests : Math.round((requests * passed) / whole);
    const own = upTo - given;
    given = upTo;
    return { ...workload, pool: part, requests: own, seed: seedOf(seed, machine), mix: mixOf(workload, machine) };
  });
}

function tracePart(workload: TraceWorkload, part: Seeded): TraceWorkload {
  const columns = columnsOf(workload.columns, Math.min(workload.requests, workload.columns.count), part);
  const concurrency = workload.concurrency === undefined ? undefined : partOf(workload.concurrency, part);
  return { ...workload, columns, concurrency, requests: columns.count, mix: mixOf(workload, part.machine) };
}

/** The requests among the first `count` that a machine gets. */
function columnsOf(columns: TraceColumns, count: number, { machine, machines }: Seeded): TraceColumns {
  const { arrivedAt, inputTokens, outputTokens, blockStart, blocks, labels } = columns;
  const blocked = columns.blockTokens > 0;
  const chosen: number[] = [];
  for (let i = 0; i < count; i++) {
    const key = blocked && blockStart[i + 1] > blockStart[i] ? blocks[blockStart[i]] : i;
    if (mix(key ^ 0x9e3779b9) % machines === machine) chosen.push(i);
  }
  const integers = (list: Int32Array): Int32Array => Int32Array.from(chosen, (i) => list[i]);
  const starts = new Int32Array(blocked ? chosen.length + 1 : 0);
  chosen.forEach((i, k) => blocked && (starts[k + 1] = starts[k] + blockStart[i + 1] - blockStart[i]));
  const own = new Int32Array(blocked ? starts[chosen.length] : 0);
  if (blocked) chosen.forEach((i, k) => own.set(blocks.subarray(blockStart[i], blockStart[i + 1]), starts[k]));
  return {
    ...columns,
    count: chosen.length,
    arrivedAt: Float64Array.from(chosen, (i) => arrivedAt[i]),
    inputTokens: integers(inputTokens),
    outputTokens: integers(outputTokens),
    blockStart: starts,
    blocks: own,
    labels: labels === undefined ? undefined : Object.fromEntries(Object.entries(labels).map(([name, list]) => [name, integers(list)])),
  };
}
