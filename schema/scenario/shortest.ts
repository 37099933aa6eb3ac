import { leastOf } from '../../src/serving/traffic/quantile-sampler.ts';
import type { SessionSupply } from '../../src/serving/traffic/session.ts';
import type { Lengths, Workload } from '../../src/serving/traffic/workload.ts';

/** The shortest length that a law gives. */
function shortest(lengths: Lengths): number {
  switch (lengths.kind) {
    case 'fixed':
      return lengths.tokens;
    case 'uniform':
      return lengths.min;
    case 'lognormal':
      return 1;
    case 'empirical':
      return lengths.tokens[0] ?? 1;
  }
}

/** Tokens of the shortest request that can come. */
export function shortestRequest(workload: Workload): number {
  switch (workload.kind) {
    case 'generator':
      return Math.min(...(workload.phases ?? [workload]).map(({ input, output }) => shortest(input) + shortest(output)));
    case 'trace': {
      const { inputTokens, outputTokens } = workload.columns;
      return inputTokens.reduce((least, input, i) => Math.min(least, input + (outputTokens[i] ?? 0)), Infinity);
    }
    case 'sessions':
      return shortestTurn(workload.supply);
    case 'client-pool':
      return workload.pool.clients
        .flatMap(({ lengths }) => lengths)
        .reduce((least, { input, output }) => Math.min(least, Math.max(1, Math.round(leastOf(input))) + Math.max(1, Math.round(leastOf(output)))), Infinity);
  }
}

function shortestTurn(supply: SessionSupply): number {
  if (supply.kind === 'drawn') {
    const first = Math.min(...supply.main.starts.map((start) => start.first.value[0] ?? 1));
    return Math.max(1, Math.round(first)) + Math.max(1, Math.round(supply.main.output.value[0] ?? 1));
  }
  let least = Infinity;
  for (const { agents } of supply.plans)
    for (const { inputTokens, outputTokens } of agents)
      inputTokens.forEach((input, t) => {
        least = Math.min(least, input + (outputTokens[t] ?? 0));
      });
  return least;
}
