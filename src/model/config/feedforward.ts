import type { DenseFeedForward, ExpertFeedForward, FeedForward } from '../model.ts';
import type { Family } from './family.ts';
import { isCount, isText, type Fields } from './fields.ts';
import type { LayerKind } from './layers.ts';

/** The feed-forward part of every layer, first to last. */
export function feedForwardsOf(fields: Fields, family: Family, kinds: readonly LayerKind[]): readonly FeedForward[] {
  const { experts: rules } = family;
  if (rules === undefined) {
    const dense = denseOf(fields, family, 'intermediate_size');
    return kinds.map(({ part }) => (part === 'none' ? nothing : dense));
  }
  const open = sparseLayers(fields, kinds.length);
  const parts = kinds.map(({ part }, i) => part ?? (open[i] === true ? 'experts' : 'dense'));
  const experts = expertsOf(fields, family, rules);
  const denseKey = rules.denseKey ?? 'intermediate_size';
  const dense = parts.includes('dense') ? denseOf(fields, family, denseKey) : void fields.raw(denseKey);
  if (rules.denseKey !== undefined && rules.denseIntermediate === true) fields.raw('intermediate_size');
  // The first layers choose experts by a table of tokens: their router has no bias.
  const tabled = fields.count('num_hash_layers', 0, 0);
  return parts.map((part, i) => {
    if (part === 'none') return nothing;
    if (part === 'dense' && dense !== undefined) return dense;
    return i < tabled ? { ...experts, routerBias: false } : experts;
  });
}

const nothing: FeedForward = { kind: 'none' };

function activation(fields: Fields, { activation: own }: Family): void {
  const { key, name } = own ?? { key: 'hidden_act', name: 'silu' };
  fields.name(key, [name], name);
}

function denseOf(fields: Fields, family: Family, intermediate: string): DenseFeedForward {
  activation(fields, family);
  return { kind: 'dense', intermediate: fields.count(intermediate), gated: family.ungated !== true, bias: fields.flag('mlp_bias', false) };
}

function firstOf(fields: Fields, names: readonly [string, ...string[]]): string {
  return names.find((name) => fields.has(name)) ?? names[0];
}

function expertsOf(fields: Fields, family: Family, rules: NonNullable<Family['experts']>): ExpertFeedForward {
  activation(fields, family);
  const countName = firstOf(fields, ['n_routed_experts', 'num_experts', 'num_local_experts']);
  const routed = fields.count(countName);
  const chosen = firstOf(fields, ['num_experts_per_tok', 'num_experts_per_token', 'top_k_experts']);
  const perToken = fields.count(chosen);
  if (perToken > routed) fields.wrong(chosen, `expected at most the ${routed} routed experts, got ${perToken}`);
  const intermediate = fields.count(rules.denseIntermediate === true ? 'moe_intermediate_size' : 'intermediate_size');
  const shared = fields.count(firstOf(fields, ['n_shared_experts', 'num_shared_experts']), rules.shared ?? 0, 0);
  const sharedKey = rules.sharedKey ?? firstOf(fields, ['shared_expert_intermediate_size', 'shared_intermediate_size']);
  const sharedWidth = fields.count(sharedKey, shared * intermediate, 0);
  if (shared === 0 && sharedWidth > 0) fields.wrong(sharedKey, 'expected 0: a shared expert with a gate is not supported');
  const size = rules.latentKey === undefined ? undefined : fields.optionalCount(rules.latentKey);
  return {
    kind: 'experts',
    routed,
    perToken,
    intermediate,
    gated: family.ungated !== true,
    bias: rules.biased === true,
    sharedIntermediate: shared === 0 ? 0 : sharedWidth,
    sharedCount: shared,
    sharedGate: rules.sharedGate === true,
    routerBias: correction(fields, rules.correctionBias),
    ...(rules.routerScales === true ? { routerScales: true } : {}),
    ...(size === undefined ? {} : { latent: { size, norm: fields.flag('latent_moe_use_norm', false) } }),
  };
}

function correction(fields: Fields, rule: NonNullable<Family['experts']>['correctionBias']): boolean {
  const method = fields.name('topk_method', ['greedy', 'group_limited_greedy', 'noaux_tc'], 'greedy');
  const flagged = fields.flag('use_routing_bias', false);
  switch (rule) {
    case 'never':
      return false;
    case 'always':
      return true;
    case 'use_routing_bias':
      return flagged;
    case 'use_moe_router_bias':
      return fields.flag('use_moe_router_bias', false);
    case 'topk_method':
      return method === 'noaux_tc';
  }
}

/** Which layers have experts: after a number of dense ones, every so many, by a 0/1 list, or all but those listed. */
function sparseLayers(fields: Fields, layers: number): readonly boolean[] {
  const first = fields.count('first_k_dense_replace', 0, 0);
  if (first > layers) fields.wrong('first_k_dense_replace', `expected at most the ${layers} layers, got ${first}`);
  const dense = new Set(fields.list('mlp_only_layers', 'layer numbers', isCount));
  for (const layer of dense) if (layer >= layers) fields.wrong('mlp_only_layers', `expected layer numbers below ${layers}, got ${layer}`);
  const step = fields.count(firstOf(fields, ['decoder_sparse_step', 'interleave_moe_layer_step']), 1);
  const types = fields.list('mlp_layer_types', 'text', isText);
  if (types !== undefined && types.length !== layers) fields.wrong('mlp_layer_types', `expected ${layers} items, one per layer, got ${types.length}`);
  types?.forEach((type, i) => {
    if (type !== 'dense' && type !== 'sparse') fields.wrong(`mlp_layer_types[${i}]`, `expected dense or sparse, got "${type}"`);
  });
  const listed = Array.isArray(fields.raw('moe_layer_freq')) ? fields.list('moe_layer_freq', '0 or 1', isCount) : undefined;
  if (listed !== undefined && listed.length !== layers) fields.wrong('moe_layer_freq', `expected ${layers} items, one per layer, got ${listed.length}`);
  const frequency = Array.isArray(fields.raw('moe_layer_freq')) ? 1 : fields.count('moe_layer_freq', 1);
  return Array.from({ length: layers }, (_, i) => {
    if (types !== undefined) return types[i] === 'sparse';
    if (listed !== undefined) return listed[i] === 1;
    return i >= first && i % frequency === 0 && (i + 1) % step === 0 && !dense.has(i);
  });
}
