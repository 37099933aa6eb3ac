import { planeOf } from '../../src/catalogue/machine.ts';
import { formatQuantity } from '../../src/base/quantity.ts';
import { isRecurrent } from '../../src/model/kv.ts';
import type { CachePool, CacheStorage } from '../../src/serving/scenario.ts';
import type { CacheFile } from './file.ts';
import type { Surroundings } from './layout.ts';
import { planeNamed, statesAreNotFound } from './plane.ts';

const at = 'deployment.cache';

/** The pooled prefix cache of a deployment on so many nodes. */
export function cachePool(file: CacheFile, used: number, surroundings: Surroundings): CachePool | undefined {
  const { machine, problems, model } = surroundings;
  if (file.dram === undefined && !problems.covers(`${at}.dram`)) problems.add(`${at}.dram`, 'expected host memory such as "1 TB/node", got nothing');
  if (model !== undefined && isRecurrent(model)) problems.add(at, statesAreNotFound(model));
  const plane = file.plane ?? (machine === undefined ? undefined : (planeOf(machine, 'scale-up') ?? planeOf(machine, 'scale-out'))?.name);
  if (plane !== undefined) planeNamed(plane, `${at}.plane`, surroundings);
  const nodes = file.nodes ?? used;
  if (machine !== undefined && nodes > machine.nodes)
    problems.add(`${at}.nodes`, `expected at most the ${machine.nodes} nodes of ${machine.name}, got ${nodes}`);
  const storage = cacheStorage(file, nodes, surroundings);
  if (machine === undefined || file.dram === undefined || plane === undefined) return undefined;
  const perNode = machine.node.dram.value;
  const there = file.dram.per === 'node' ? perNode : perNode * nodes;
  if (file.dram.bytes > there) {
    const where = file.dram.per === 'node' ? 'per node' : `in the ${nodes} nodes of the ${file.nodes === undefined ? 'deployment' : 'cache'}`;
    problems.add(`${at}.dram`, `needs ${formatQuantity(file.dram.bytes, 'B')} of host memory ${where}, ${formatQuantity(there, 'B')} there`);
  }
  const capacity = file.dram.bytes * (file.dram.per === 'node' ? nodes : 1);
  return { plane, nodes, capacity, blockTokens: file['block-tokens'] ?? 128, ttl: file.ttl, readInStep: file.read === 'in-step', storage };
}

function cacheStorage({ ssd, write }: CacheFile, nodes: number, { machine, problems }: Surroundings): CacheStorage | undefined {
  if (ssd === undefined) {
    if (write !== undefined && write !== 'never') problems.add(`${at}.write`, `${write} needs storage to write to; expected ssd beside it, or never`);
    return undefined;
  }
  if (write === 'never') problems.add(`${at}.write`, 'never leaves the ssd empty; expected through or back, or no ssd');
  const stated = machine?.node.storage;
  const missing = (key: 'capacity' | 'bandwidth' | 'latency', example: string): void => {
    if (!problems.covers(`${at}.ssd.${key}`)) problems.add(`${at}.ssd.${key}`, `expected a ${key} such as "${example}", got nothing`);
  };
  const bandwidth = ssd.bandwidth ?? (stated === undefined ? undefined : nodes * stated.bandwidth.value);
  const latency = ssd.latency ?? stated?.latency.value;
  if (ssd.capacity === undefined) missing('capacity', '10 TB/node');
  if (machine !== undefined && bandwidth === undefined) missing('bandwidth', '50 GB/s');
  if (machine !== undefined && latency === undefined) missing('latency', '1 ms');
  if (ssd.capacity === undefined || bandwidth === undefined || latency === undefined || write === 'never') return undefined;
  return { capacity: ssd.capacity.bytes * (ssd.capacity.per === 'node' ? nodes : 1), bandwidth, latency, write: write ?? 'through' };
}
