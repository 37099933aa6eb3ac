import type { Model } from '../../src/model/model.ts';
import { draftModelOf } from './draft.ts';
import type { DeploymentFile } from './file.ts';
import type { Problems } from './problems.ts';

/** The models that pools draft by, by the name that the file has for them. */
export async function draftModels(
  deployment: DeploymentFile | undefined,
  context: { readonly model: (nameOrPath: string, at: string) => Model | Promise<Model> },
  problems: Problems,
): Promise<ReadonlyMap<string, Model>> {
  const models = new Map<string, Model>();
  for (const pool of ['decode', 'merged'] as const) {
    const name = draftModelOf(deployment?.[pool]);
    if (name === undefined) continue;
    const at = `deployment.${pool}.draft.model`;
    const model = await problems.attempt(at, () => context.model(name, problems.at(at)));
    if (model !== undefined) models.set(name, model);
  }
  return models;
}
