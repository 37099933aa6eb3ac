import type { Attention } from './attention.ts';
import type { Layout } from './layout.ts';
import type { DraftModule, FeedForward, Model, Precision } from './model.ts';

/** Who proposes the tokens that a step verifies. */
export type Drafter =
  /** Layers that read the model's hidden states, other than its own module. */
  | {
      readonly kind: 'head';
      readonly name: string;
      readonly module: DraftModule;
      /** Made like a layer of the model, for want of a configuration. */ readonly assumed?: boolean;
    }
  /** A model of its own on the dies of the last stage, run once for each token. */
  | { readonly kind: 'model'; readonly model: Model; readonly precision: Precision; /** Dies that split it. */ readonly tensor: number }
  /** What followed the last tokens earlier in the sequence: found by the host. */
  | { readonly kind: 'lookup' };

type DraftModel = Extract<Drafter, { readonly kind: 'model' }>;

/** The module that drafts under a layout: a head, or the model's own. */
export function draftModule(model: Model, { draftTokens, drafter }: Layout): DraftModule | undefined {
  if (draftTokens === 0) return undefined;
  if (drafter === undefined) return model.draft;
  return drafter.kind === 'head' ? drafter.module : undefined;
}

/** The model that drafts under a layout, if one does. */
export function draftModel({ draftTokens, drafter }: Layout): DraftModel | undefined {
  return draftTokens > 0 && drafter?.kind === 'model' ? drafter : undefined;
}

/** How a drafting model lies on the dies of one rank: split over `tensor` of them, whole copies side by side where there are more. */
export function layoutOfDrafter({ tensor }: DraftModel): Layout {
  return {
    dies: tensor,
    tensor,
    pipeline: 1,
    attention: 'tensor',
    experts: { parallel: 1, sharedDies: 0, redundant: 0, load: { kind: 'uniform' } },
    microbatches: 1,
    draftTokens: 0,
  };
}

/** Hidden states that a head with entries of its own reads: of an early, a middle and a late layer. */
const statesOfHead = 3;

/** The head that a published configuration of one layer describes. Undefined where it is none. */
export function headFrom(config: Model): DraftModule | undefined {
  const [layers, ...others] = config.groups;
  if (layers === undefined || others.length > 0 || layers.count !== 1) return undefined;
  return formOf(layers.attention, layers.feedForward, config.draftVocabulary);
}

/** A head in the form of the model's own layers: its attention over everything, its dense part or one as wide as the experts of a token. */
export function headLike(model: Model, vocabulary: number | undefined): DraftModule | undefined {
  const attention = model.groups.map((group) => plainAttention(group.attention)).findLast((one) => one !== undefined);
  if (attention === undefined) return undefined;
  const parts = model.groups.map(({ feedForward }) => denseAs(feedForward));
  const dense = parts.find((part) => part !== undefined);
  return dense === undefined ? undefined : formOf(attention, dense, vocabulary);
}

function formOf(attention: Attention, feedForward: FeedForward, vocabulary: number | undefined): DraftModule {
  return {
    layers: { count: 1, attention, feedForward, norms: 2 },
    ownEmbedding: false,
    ...(vocabulary === undefined ? {} : { vocabulary, states: statesOfHead }),
    unquantised: true,
  };
}

function plainAttention(attention: Attention): Attention | undefined {
  switch (attention.kind) {
    case 'grouped-query':
      return { ...attention, window: undefined, chunk: undefined, blocks: undefined, sinks: false };
    case 'latent':
      return { ...attention, sparse: undefined };
    case 'linear':
    case 'compressed':
    case 'none':
      return undefined;
  }
}

function denseAs(part: FeedForward): FeedForward | undefined {
  switch (part.kind) {
    case 'dense':
      return part;
    case 'experts':
      return { kind: 'dense', intermediate: part.perToken * part.intermediate + part.sharedIntermediate, gated: part.gated, bias: part.bias };
    case 'none':
      return undefined;
  }
}

/** How a layout drafts, in a few words; nothing without speculation. */
export function draftText({ draftTokens, drafter }: Layout): string {
  if (draftTokens === 0) return '';
  switch (drafter?.kind) {
    case undefined:
      return `MTP ${draftTokens}`;
    case 'head':
      return `${draftTokens} drafted by ${drafter.name}`;
    case 'model':
      return `${draftTokens} drafted by ${drafter.model.name} (TP${drafter.tensor})`;
    case 'lookup':
      return `${draftTokens} drafted by lookup`;
  }
}
