import published from '../../../data/models/families.json' with { type: 'json' };

/** What a published configuration leaves to the code of its `model_type`. */
export interface Family {
  readonly attention: 'grouped-query' | 'latent' | 'compressed';
  /** What stands in the layers that keep a state in place of keys and values: decides which fields describe them. */
  readonly linear?: 'gated-delta' | 'channel-delta' | 'fixed-decay' | 'state-space';
  /** `attention_chunk_size` holds for all layers but every so many; `no_rope_layers` lists them where it is stated. */
  readonly fullEvery?: number;
  /** Layers of full attention have head counts and sizes of their own, under `global_head_dim` and `num_global_key_value_heads`. */
  readonly globalHeads?: boolean;
  /** The ratio of `compress_ratios` at which an index picks entries, and entries overlap. */
  readonly indexedRatio?: number;
  /** Biases of the query, key and value projections: by a flag of the configuration or always; `output` extends them to the output projection. */
  readonly bias?: { readonly key?: string; readonly always?: boolean; readonly output: boolean };
  /** Norms on queries and keys over one head or over all heads, or without weights. */
  readonly queryKeyNorm?: 'head' | 'heads' | 'weightless';
  /** Flag that switches those norms; without it they are always there. */
  readonly queryKeyNormKey?: string;
  /** Gate on the attention output: the flag that switches it, and what holds where it is not stated. */
  readonly outputGate?: { readonly key: string; readonly absent: boolean };
  /** Layers whose heads have an attention sink. */
  readonly sinks?: 'all' | 'window';
  /** Norms with mean and bias. */
  readonly layerNorm?: boolean;
  /** Norms of a layer; absent is one in front of each half. */
  readonly norms?: number;
  /** Name of the activation in the configuration; absent is silu, under `hidden_act`. */
  readonly activation?: { readonly key: string; readonly name: string };
  /** Feed-forward parts have no gate matrix. */
  readonly ungated?: boolean;
  /** Draft modules: by which field they are counted, how many where it says nothing; whether they share embedding and head; or that their form is not known. */
  readonly draft?: 'unpublished' | { readonly key?: string; readonly count?: number; readonly shares?: boolean };
  readonly experts?: {
    /** Bias per expert in the router: never, always, by a flag, or by `topk_method: noaux_tc`. */
    readonly correctionBias: 'never' | 'always' | 'use_routing_bias' | 'use_moe_router_bias' | 'topk_method';
    /** Expert projections have biases. */
    readonly biased?: boolean;
    /** `intermediate_size` is that of dense layers, `moe_intermediate_size` that of an expert; otherwise the former is the expert's. */
    readonly denseIntermediate?: boolean;
    /** Width of dense layers where it stands in a field of its own. */
    readonly denseKey?: string;
    /** Shared experts of every expert layer where no field counts them, and the field of their width. */
    readonly shared?: number;
    readonly sharedKey?: string;
    /** A gate on the shared expert. */
    readonly sharedGate?: boolean;
    /** Learnt scales in the router. */
    readonly routerScales?: boolean;
    /** Field of the width that tokens are brought to in front of the routed experts. */
    readonly latentKey?: string;
  };
  /** Fields without which the layers of this family are not determined. */
  readonly required?: readonly string[];
  /** Fields that may have one value only, with what another one would mean. */
  readonly only?: Readonly<Record<string, { readonly value: number | boolean; readonly otherwise: string }>>;
  /** Fields that have no effect on parameters or work in this family, each with the reason. */
  readonly unused?: Readonly<Record<string, string>>;
}

/** Families by `model_type`. */
export type Families = Readonly<Record<string, Family>>;

export const publishedFamilies: Families = published as Families;
