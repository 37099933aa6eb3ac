import type { DenseFeedForward, ExpertFeedForward, FeedForward } from '../model.ts';
import type { Family } from './family.ts';
import { isCount, type Fields } from './fields.ts';

/** The feed-forward part of every layer, first to last. */
export function feedForwardsOf(fields: Fields, family: Family, layers: number): readonly FeedForward[] {
  if (family.experts === undefined) {
    const dense = denseOf(fields, 'intermediate_size', 'mlp_bias');
    return Array.from({ length: layers }, () => dense);
  }
  const sparse = sparseLayers(fields, layers);
  const experts = expertsOf(fields, family.experts);
  const dense = sparse.every(Boolean) ? void fields.raw('intermediate_size') : denseOf(fields, 'intermediate_size', 'mlp_bias');
  return sparse.map((isSparse) => (isSparse || dense === undefined ? experts : dense));
}

function activation(fields: Fields): void {
  fields.name('hidden_act', ['silu'], 'silu');
}

function denseOf(fields: Fields, intermediate: string, bias: string): DenseFeedForward {
  activation(fields);
  return { kind: 'dense', intermediate: fields.count(intermediate), gated: true, bias: fields.flag(bias, false) };
}

function firstOf(fields: Fields, names: readonly [string, ...string[]]): string {
  return names.find((name) => fields.has(name)) ?? names[0];
}

function expertsOf(fields: Fields, { correctionBias, biased, denseIntermediate }: NonNullable<Family['experts']>): ExpertFeedForward {
  activation(fields);
  const countName = firstOf(fields, ['n_routed_experts', 'num_experts', 'num_local_experts']);
  const routed = fields.count(countName);
  const perToken = fields.count('num_experts_per_tok');
  if (perToken > routed) fields.wrong('num_experts_per_tok', `expected at most the ${routed} routed experts, got ${perToken}`);
  const intermediate = fields.count(denseIntermediate === true ? 'moe_intermediate_size' : 'intermediate_size');
  const shared = fields.count('n_shared_experts', 0, 0);
  const sharedWidth = fields.count(firstOf(fields, ['shared_expert_intermediate_size', 'shared_intermediate_size']), shared * intermediate, 0);
  if (shared === 0 && sharedWidth > 0) fields.wrong('shared_expert_intermediate_size', 'expected 0: a shared expert with a gate is not supported');
  return {
    kind: 'experts',
    routed,
    perToken,
    intermediate,
    gated: true,
    bias: biased === true,
    sharedIntermediate: shared === 0 ? 0 : sharedWidth,
    sharedCount: shared,
    sharedGate: false,
    routerBias: correction(fields, correctionBias),
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
  const step = fields.count('decoder_sparse_step', 1);
  const listed = Array.isArray(fields.raw('moe_layer_freq')) ? fields.list('moe_layer_freq', '0 or 1', isCount) : undefined;
  if (listed !== undefined && listed.length !== layers) fields.wrong('moe_layer_freq', `expected ${layers} items, one per layer, got ${listed.length}`);
  const frequency = Array.isArray(fields.raw('moe_layer_freq')) ? 1 : fields.count('moe_layer_freq', 1);
  return Array.from({ length: layers }, (_, i) => {
    if (listed !== undefined) return listed[i] === 1;
    return i >= first && i % frequency === 0 && (i + 1) % step === 0 && !dense.has(i);
  });
}
