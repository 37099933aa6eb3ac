import type { StepFlags } from '../../schema/step/flags.ts';
import type { Issue } from '../../src/base/errors.ts';
import type { Model } from '../../src/model/model.ts';

/** Flags that say something of experts. */
const ofExperts = {
  expertParallel: '--expert-parallel',
  sharedDies: '--shared-dies',
  redundant: '--redundant',
  expertsApart: '--experts-apart',
  expertSkew: '--expert-skew',
  expertLoad: '--expert-load',
  expertPlacement: '--expert-placement',
  expertWhere: '--expert-where',
  expertWeights: '--expert-weights',
} as const satisfies Partial<Record<keyof StepFlags, string>>;

/** The flags without those that the model has no use for as it has no experts, and what to say of each. */
export function flagsFor<F extends StepFlags>(flags: F, model: Model | undefined): { readonly flags: F; readonly issues: readonly Issue[] } {
  if (model === undefined || model.groups.some(({ feedForward }) => feedForward.kind === 'experts')) return { flags, issues: [] };
  const typed = Object.entries(ofExperts).filter(([key]) => flags[key as keyof StepFlags] !== undefined);
  return {
    flags: { ...flags, ...Object.fromEntries(typed.map(([key]) => [key, undefined])) },
    issues: typed.map(([, path]) => ({ path, message: `${model.name} has no experts; leave this out` })),
  };
}
