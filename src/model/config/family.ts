import published from '../../../data/models/families.json' with { type: 'json' };

/** What a published configuration leaves to the code of its `model_type`. */
export interface Family {
  readonly attention: 'grouped-query' | 'latent';
  /** Biases of the query, key and value projections: by a flag of the configuration or always; `output` extends them to the output projection. */
  readonly bias?: { readonly key?: string; readonly always?: boolean; readonly output: boolean };
  /** Norms on queries and keys over one head or over all heads. */
  readonly queryKeyNorm?: 'head' | 'heads';
  /** Flag that switches those norms; without it they are always there. */
  readonly queryKeyNormKey?: string;
  /** Layers whose heads have an attention sink. */
  readonly sinks?: 'all' | 'window';
  /** Norms with mean and bias. */
  readonly layerNorm?: boolean;
  readonly experts?: {
    /** Bias per expert in the router: never, always, by the flag `use_routing_bias`, or by `topk_method: noaux_tc`. */
    readonly correctionBias: 'never' | 'always' | 'use_routing_bias' | 'topk_method';
    /** Expert projections have biases. */
    readonly biased?: boolean;
    /** `intermediate_size` is that of dense layers, `moe_intermediate_size` that of an expert; otherwise the former is the expert's. */
    readonly denseIntermediate?: boolean;
  };
  /** Fields without which the layers of this family are not determined. */
  readonly required?: readonly string[];
  /** Fields that have no effect on parameters or work in this family, each with the reason. */
  readonly unused?: Readonly<Record<string, string>>;
}

/** Families by `model_type`. */
export type Families = Readonly<Record<string, Family>>;

export const publishedFamilies: Families = published as Families;
