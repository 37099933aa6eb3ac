import type { DeploymentFile } from '../../schema/scenario/file.ts';
import { readScenario } from '../../schema/scenario/read.ts';
import { InputError } from '../../src/base/errors.ts';
import type { Scenario } from '../../src/serving/scenario.ts';
import type { TraceColumns } from '../../src/serving/traffic/workload.ts';
import type { PointCatalogue } from '../validate-points/catalogue.ts';
import { variationOf } from '../validate-points/scenario.ts';
import { cardOf } from '../validate-points/models.ts';

/** What a recorded run says of its server. */
export interface ServerSetting {
  readonly system: string;
  readonly backend: string;
  readonly version: string;
  readonly model: string;
  readonly precision: string;
  readonly tensor: number;
  readonly data: number;
  readonly expertParallel: boolean;
  readonly maxSequences: number;
  readonly maxBatchedTokens: number;
  readonly prefixCaching: boolean;
  readonly memoryUtilisation?: number | undefined;
  /** Whether times were taken inside the engine, behind its front end. */
  readonly engineTimes?: boolean | undefined;
}

/** The recorded requests on the twin of the server; or why there is none. */
export async function replayOf(
  server: ServerSetting,
  columns: TraceColumns,
  catalogue: PointCatalogue,
): Promise<{ readonly scenario?: Scenario; readonly reason?: string }> {
  const { systems, backends, models } = catalogue.conventions;
  const machine = systems[server.system];
  const engine = backends[server.backend]?.stack;
  const stack = engine === undefined || server.version === '' ? engine : `${engine}@${server.version}`;
  const card = cardOf(server.model, models);
  if (machine === undefined) return { reason: `no machine for the system ${server.system}` };
  if (stack === undefined) return { reason: `no stack for the backend ${server.backend}` };
  if (card === undefined) return { reason: `no model card for ${server.model}` };
  try {
    const model = catalogue.model(card, server.model, server.precision);
    const experts = model.groups.some(({ feedForward }) => feedForward.kind === 'experts');
    const dies = server.tensor * server.data;
    const merged = {
      instances: 1,
      gpus: dies,
      tensor: server.tensor,
      ...(experts ? { experts: { parallel: server.expertParallel ? dies : 1, load: { variation: variationOf(model, catalogue.conventions) } } } : {}),
      'max-num-seqs': `${server.maxSequences}/rank`,
      'max-num-batched-tokens': `${server.maxBatchedTokens}/rank`,
      'prefix-caching': server.prefixCaching,
      'gpu-memory-utilization': server.memoryUtilisation,
    };
    const file = { machine, model: card, stack, deployment: { merged } as unknown as DeploymentFile, workload: { trace: 'recorded' } };
    return {
      scenario: await readScenario(file, 'run', {
        ...catalogue.context(model, { ownClient: server.engineTimes }),
        trace: () => ({ kind: 'requests', columns }),
      }),
    };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { reason: error.issues.map(({ message }) => message).join('; ') };
  }
}
