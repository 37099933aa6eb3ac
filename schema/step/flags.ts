import type { Issue } from '../../src/base/errors.ts';

/** Flags of the step verb as they were typed. */
export interface StepFlags {
  readonly machine?: string;
  readonly model?: string;
  readonly stack?: string;
  readonly phase?: string;
  readonly npus?: string;
  readonly gpus?: string;
  readonly chips?: string;
  readonly dies?: string;
  readonly tensor?: string;
  readonly pipeline?: string;
  readonly contextParallel?: string;
  readonly contextExchange?: string;
  readonly decodeContextParallel?: string;
  readonly attention?: string;
  readonly expertParallel?: string;
  readonly sharedDies?: string;
  readonly redundant?: string;
  readonly expertsApart?: boolean;
  readonly expertSkew?: string;
  readonly expertLoad?: string;
  readonly expertPlacement?: string;
  readonly expertWhere?: string;
  readonly microbatches?: string;
  readonly mtp?: string;
  readonly draft?: string;
  readonly draftModel?: string;
  readonly draftVocabulary?: string;
  readonly draftTensor?: string;
  readonly draftWeights?: string;
  readonly batch?: string;
  readonly context?: string;
  readonly tokens?: string;
  readonly prompt?: string;
  readonly weights?: string;
  readonly expertWeights?: string;
  readonly activations?: string;
  readonly kv?: string;
}

/** The flag behind each key of a deployment. */
const flagOf: Readonly<Record<string, string>> = {
  '': '--npus',
  npus: '--npus',
  gpus: '--gpus',
  chips: '--chips',
  dies: '--npus',
  tensor: '--tensor',
  data: '--tensor',
  pipeline: '--pipeline',
  'context-parallel': '--context-parallel',
  'context-exchange': '--context-exchange',
  'decode-context-parallel': '--decode-context-parallel',
  attention: '--attention',
  microbatches: '--microbatches',
  mtp: '--mtp',
  'mtp.acceptance': '--mtp',
  draft: '--draft',
  'draft.method': '--draft',
  'draft.acceptance': '--draft',
  'draft.model': '--draft-model',
  'draft.vocabulary': '--draft-vocabulary',
  'draft.tensor': '--draft-tensor',
  'draft.weights': '--draft-weights',
  experts: '--expert-parallel',
  'experts.parallel': '--expert-parallel',
  'experts.shared': '--shared-dies',
  'experts.redundant': '--redundant',
  'experts.apart': '--experts-apart',
  'precision.activations': '--activations',
};

/** Issues of a deployment as issues of flags. */
export function onFlags(issues: readonly Issue[]): readonly Issue[] {
  return issues.map(({ path, message }) => ({ path: flagOf[path.replace(/^\.?/, '')] ?? path, message }));
}
