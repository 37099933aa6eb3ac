import { InputError } from '../../src/base/errors.ts';
import { settingIssues } from '../../src/cost/check.ts';
import { memoryBudget } from '../../src/cost/memory.ts';
import type { Layout } from '../../src/model/layout.ts';
import { dataRanks } from '../../src/model/layout.ts';
import type { Deployment, Scenario } from '../../src/serving/scenario.ts';
import type { Workload } from '../../src/serving/traffic/workload.ts';
import type { Problems } from './problems.ts';
import { shortestRequest } from './shortest.ts';

/** A pool by its key in the file, with what its memory depends on. */
interface Pool {
  readonly role: 'prefill' | 'decode' | 'merged';
  readonly layout: Layout;
  /** Tokens of the largest batch of one rank. */
  readonly maxBatchTokens: number;
  /** Sequences of one rank, and the key that says so. */
  readonly sequences?: { readonly key: string; readonly count: number };
  readonly utilisation?: number | undefined;
}

function poolsOf(deployment: Deployment): readonly Pool[] {
  if (deployment.kind === 'merged') {
    const { layout, maxBatchedTokens, maxSequences, memoryUtilisation: utilisation } = deployment;
    return [{ role: 'merged', layout, maxBatchTokens: maxBatchedTokens, sequences: { key: 'max-num-seqs', count: maxSequences }, utilisation }];
  }
  const { prefill, decode } = deployment;
  return [
    { role: 'prefill', layout: prefill.layout, maxBatchTokens: Math.floor(prefill.batchTokens / dataRanks(prefill.layout)) },
    {
      role: 'decode',
      layout: decode.layout,
      maxBatchTokens: Math.ceil(decode.maxSequences / decode.layout.pipeline) * (1 + decode.layout.draftTokens),
      sequences: { key: 'max-batch', count: decode.maxSequences },
    },
  ];
}

/** Whether each pool can be priced, its weights fit its dies, and the rest of the memory holds the KV of its requests. */
export function checkFit(
  scenario: Omit<Scenario, 'name' | 'slo' | 'seed' | 'workload' | 'policies'>,
  workload: Workload | undefined,
  problems: Problems,
): void {
  for (const { role, layout, maxBatchTokens, sequences, utilisation } of poolsOf(scenario.deployment)) {
    const at = `deployment.${role}`;
    const issues = settingIssues({ ...scenario, layout, role });
    for (const { path, message } of issues) problems.add(path.startsWith('precision') ? path : `${at}.${path}`, message);
    if (issues.length > 0 || problems.covers(at)) continue;
    try {
      const maxSequences = sequences === undefined ? undefined : Math.ceil(sequences.count / layout.pipeline);
      const { kvBlocks, blockTokens, stateBlocks } = memoryBudget({ ...scenario, layout, maxBatchTokens, maxSequences, utilisation });
      if (sequences !== undefined && sequences.count * Math.max(1, stateBlocks) > kvBlocks)
        problems.add(
          `${at}.${sequences.key}`,
          stateBlocks > 1
            ? `${sequences.count} sequences on each rank keep states of ${stateBlocks} KV blocks each, ${kvBlocks} fit there: at most ${Math.floor(kvBlocks / stateBlocks)} sequences`
            : `${sequences.count} sequences on each rank are more than the ${kvBlocks} KV blocks that fit there`,
        );
      const least = workload === undefined ? 0 : shortestRequest(workload);
      const room = kvBlocks - stateBlocks;
      if (least > room * blockTokens)
        problems.add(at, `the shortest request has ${least} tokens, the KV of a rank holds ${room * blockTokens} (${room} blocks of ${blockTokens})`);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      for (const { message } of error.issues) problems.add(at, message);
    }
  }
}
