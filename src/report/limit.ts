import { significant } from '../base/quantity.ts';
import type { PlaneSummary, PoolSummary, Summary } from './summary.ts';

interface Candidate {
  readonly resource: string;
  readonly utilisation: number;
  readonly why: string;
}

/** What the system would run into first: the pool, its KV or a plane with the least headroom, and what its iterations wait for. */
export function limitOf(pools: readonly PoolSummary[], planes: readonly PlaneSummary[], saturated: boolean): Summary['limit'] {
  const candidates: Candidate[] = [];
  for (const pool of pools) {
    candidates.push({ resource: `${pool.name} pool`, utilisation: pool.load, why: stepWords(pool) });
    if (pool.role !== 'prefill' && pool.occupancy > pool.load) {
      candidates.push({ resource: `${pool.name} slots`, utilisation: pool.occupancy, why: 'more sequences per rank would be needed' });
    }
    candidates.push({
      resource: `${pool.name} KV memory`,
      utilisation: pool.kv.mean,
      why: `${pool.kvBlocks} blocks of ${pool.kvBlockTokens} tokens per rank, at most ${significant(100 * pool.kv.max)} % used`,
    });
  }
  for (const plane of planes) if (plane.bytes > 0) candidates.push({ resource: `${plane.name} plane`, utilisation: plane.utilisation, why: plane.use });
  const first = candidates.reduce((most, candidate) => (candidate.utilisation > most.utilisation ? candidate : most));
  const verb = saturated ? 'limits' : 'binds first';
  return {
    resource: first.resource,
    utilisation: first.utilisation,
    note: `The ${first.resource} ${verb}, at ${significant(100 * first.utilisation)} % of what it sustains: ${first.why}.`,
  };
}

function stepWords(pool: PoolSummary): string {
  const stage = pool.stepShares.reduce((most, share) => (share.share > most.share ? share : most), { name: 'nothing', time: 0, share: 0 });
  const engine = pool.engines.reduce((most, candidate) => (candidate.utilisation > most.utilisation ? candidate : most), { name: 'none', utilisation: 0 });
  return `its iterations spend ${significant(100 * stage.share)} % in ${stage.name}, and the busiest engine of a die is ${engine.name}`;
}
