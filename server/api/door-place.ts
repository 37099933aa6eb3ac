import type { Plant } from '../../src/serving/plant.ts';
import { ApiError } from '../http/api-error.ts';

/** Where a door stands: at an instance of the deployment, by its number in its pool, or at a data-parallel rank of one. */
export interface DoorPlace {
  readonly pool: number;
  readonly role: 'merged' | 'prefill' | 'decode';
  readonly instance: number;
  readonly rank?: number | undefined;
}

/** Places with a door of their own, each pool's in order: one for each instance, or for each rank of each. None where there are several models. */
export function placesOf({ pools, models }: Plant, each: 'instance' | 'rank'): readonly DoorPlace[] {
  if (models !== undefined) return [];
  return pools.flatMap(({ role, instances, ranks }, pool) =>
    Array.from({ length: instances }, (_, instance) => instance).flatMap((instance): readonly DoorPlace[] =>
      each === 'instance' ? [{ pool, role, instance }] : Array.from({ length: ranks }, (__, rank) => ({ pool, role, instance, rank })),
    ),
  );
}

/**
 * Where a request has to go: to where its door stands, and to the rank that its header `X-data-parallel-rank` names among those that the door speaks for.
 * At the front door these are the ranks of all instances that take prompts, counted through.
 * @throws ApiError 400 where there is no such rank
 */
export function placeAsked(door: DoorPlace | undefined, header: string | undefined, { pools, models }: Plant): DoorPlace | undefined {
  if (header === undefined || models !== undefined) return door;
  const pool = door?.pool ?? 0;
  const { role = 'merged', ranks = 1, instances = 1 } = pools[pool] ?? {};
  const count = door === undefined ? instances * ranks : door.rank === undefined ? ranks : 1;
  if (!/^\d{1,6}$/.test(header) || Number(header) >= count)
    throw new ApiError(400, `X-data-parallel-rank: expected a number from 0 to ${count - 1}, got "${header.slice(0, 50)}"`, { param: 'data_parallel_rank' });
  const rank = Number(header);
  if (door === undefined) return { pool, role, instance: Math.floor(rank / ranks), rank: rank % ranks };
  return door.rank === undefined ? { ...door, rank } : door;
}
