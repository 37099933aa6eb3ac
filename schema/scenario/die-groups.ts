import { instanceDies } from '../../src/model/layout.ts';
import type { Deployment } from '../../src/serving/scenario.ts';

/** Instances of a pool by its key in the file, and the dies of each. */
export interface DieGroup {
  readonly key: 'prefill' | 'decode' | 'merged';
  readonly instances: number;
  readonly dies: number;
}

export function dieGroups(deployment: Deployment): readonly DieGroup[] {
  switch (deployment.kind) {
    case 'merged':
      return [{ key: 'merged', instances: deployment.instances, dies: instanceDies(deployment.layout) }];
    case 'disaggregated':
      return (['prefill', 'decode'] as const).map((key) => ({ key, instances: deployment[key].instances, dies: instanceDies(deployment[key].layout) }));
  }
}
