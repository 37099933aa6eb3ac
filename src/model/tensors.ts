import { unreachable } from '../base/errors.ts';
import { channelsOf, type Attention, type CompressedAttention, type GroupedQueryAttention, type LatentAttention, type LinearAttention } from './attention.ts';
import type { DraftModule, FeedForward, LayerGroup, Model, TensorClass } from './model.ts';

/** Equal weight tensors of one layer, or of what stands around the layers. */
export interface Tensor {
  readonly name: string;
  readonly class: TensorClass;
  readonly rows: number;
  readonly columns: number;
  /** How many of them there are: one per routed expert. */
  readonly copies: number;
  /** Equal parts into which tensor parallelism may cut it; 1 keeps it whole on every die. */
  readonly parts: number;
  /** Whether it makes or reads single heads: what is cut even where the dies of a rank split tokens around the attention core. */
  readonly perHead: boolean;
  /** A matrix that a quantisation of its class converts; false for norms, biases, routers and the index weights. */
  readonly quantisable: boolean;
  /** Share of the copies that one token passes through. */
  readonly active: number;
}

function matrix(tensorClass: TensorClass, name: string, rows: number, columns: number, parts = 1): Tensor {
  return { name, class: tensorClass, rows, columns, copies: 1, parts, perHead: false, quantisable: true, active: 1 };
}

/** A norm, a bias or a matrix that stays in the base format. */
function plain(tensorClass: TensorClass, name: string, rows: number, columns = 1, parts = 1): Tensor {
  return { ...matrix(tensorClass, name, rows, columns, parts), quantisable: false };
}

const perHead = (tensor: Tensor): Tensor => ({ ...tensor, perHead: true });
const some = (condition: boolean, ...tensors: readonly Tensor[]): readonly Tensor[] => (condition ? tensors : []);

function attentionTensors(attention: Attention, hidden: number): readonly Tensor[] {
  switch (attention.kind) {
    case 'grouped-query':
      return groupedQueryTensors(attention, hidden);
    case 'latent':
      return latentTensors(attention, hidden);
    case 'linear':
      return linearTensors(attention, hidden);
    case 'compressed':
      return compressedTensors(attention, hidden);
    case 'none':
      return [];
    default:
      return unreachable(attention);
  }
}

function groupedQueryTensors(attention: GroupedQueryAttention, hidden: number): readonly Tensor[] {
  const { heads, keyValueHeads, headSize, valueHeadSize, bias, blocks } = attention;
  const [queries, keys, values] = [heads * headSize, keyValueHeads * headSize, keyValueHeads * valueHeadSize];
  const across = attention.queryKeyNormAcrossHeads === true;
  return [
    perHead(matrix('attention', 'query', queries, hidden, heads)),
    perHead(matrix('attention', 'key', keys, hidden, keyValueHeads)),
    ...some(attention.keysAsValues !== true, perHead(matrix('attention', 'value', values, hidden, keyValueHeads))),
    matrix('attention', 'output', hidden, heads * valueHeadSize, heads),
    ...some(attention.gate, matrix('attention', 'gate', heads * valueHeadSize, hidden, heads)),
    ...some(
      bias.queryKeyValue,
      plain('attention', 'query bias', queries, 1, heads),
      plain('attention', 'key bias', keys, 1, keyValueHeads),
      plain('attention', 'value bias', values, 1, keyValueHeads),
    ),
    ...some(bias.output, plain('attention', 'output bias', hidden)),
    ...some(attention.sinks, plain('attention', 'sinks', heads, 1, heads)),
    ...some(attention.queryKeyNorm, plain('norm', 'query norm', across ? queries : headSize), plain('norm', 'key norm', across ? keys : headSize)),
    ...(blocks === undefined
      ? []
      : [matrix('attention', 'index query', blocks.heads * blocks.headSize, hidden), matrix('attention', 'index key', blocks.headSize, hidden)]),
  ];
}

function latentTensors(attention: LatentAttention, hidden: number): readonly Tensor[] {
  const { heads, queryRank, keyValueRank, nopeHeadSize, ropeHeadSize, valueHeadSize, sparse } = attention;
  const queries = heads * (nopeHeadSize + ropeHeadSize);
  return [
    ...(queryRank === undefined
      ? [perHead(matrix('attention', 'query', queries, hidden, heads))]
      : [
          matrix('attention', 'query down', queryRank, hidden),
          plain('norm', 'query norm', queryRank),
          perHead(matrix('attention', 'query up', queries, queryRank, heads)),
        ]),
    matrix('attention', 'key-value down', keyValueRank + ropeHeadSize, hidden),
    plain('norm', 'key-value norm', keyValueRank),
    perHead(matrix('attention', 'key-value up', heads * (nopeHeadSize + valueHeadSize), keyValueRank, heads)),
    matrix('attention', 'output', hidden, heads * valueHeadSize, heads),
    ...some(attention.gate === true, perHead(matrix('attention', 'gate', heads * valueHeadSize, hidden, heads))),
    ...(sparse === undefined || sparse.shared === true
      ? []
      : [
          matrix('attention', 'index query', sparse.heads * sparse.headSize, queryRank ?? hidden),
          matrix('attention', 'index key', sparse.headSize, hidden),
          plain('norm', 'index key norm', 2 * sparse.headSize),
          plain('attention', 'index weights', sparse.heads, hidden),
        ]),
  ];
}

function linearTensors(attention: LinearAttention, hidden: number): readonly Tensor[] {
  const { keyHeads, valueHeads, keyHeadSize, valueHeadSize, convolution, decayRank, headInputs, headScalars } = attention;
  const [keys, values, channels] = [keyHeads * keyHeadSize, valueHeads * valueHeadSize, channelsOf(attention)];
  return [
    perHead(matrix('attention', 'query', keys, hidden, keyHeads)),
    perHead(matrix('attention', 'key', keys, hidden, keyHeads)),
    perHead(matrix('attention', 'value', values, hidden, valueHeads)),
    perHead(matrix('attention', 'gate', values, hidden, valueHeads)),
    matrix('attention', 'output', hidden, values, valueHeads),
    ...some(headInputs > 0, perHead(plain('attention', 'head inputs', headInputs * valueHeads, hidden, valueHeads))),
    ...some(headScalars > 0, perHead(plain('attention', 'head scalars', headScalars * valueHeads, 1, valueHeads))),
    ...some(convolution > 0, perHead(plain('attention', 'convolution', channels, convolution, keyHeads))),
    ...some(attention.convolutionBias, perHead(plain('attention', 'convolution bias', channels, 1, keyHeads))),
    ...(decayRank === undefined
      ? []
      : [
          matrix('attention', 'decay down', decayRank, hidden),
          perHead(matrix('attention', 'decay up', keys, decayRank, keyHeads)),
          perHead(plain('attention', 'decay bias', keys, 1, keyHeads)),
        ]),
    plain('norm', 'output norm', attention.norm === 'head' ? valueHeadSize : values),
  ];
}

/** What makes one compressed entry of `size` from `hidden`: entries and their weights, a position bias, a norm. It stays in the base format. */
function compressor(name: string, attention: CompressedAttention, ratio: number, size: number, hidden: number): readonly Tensor[] {
  const width = size * (attention.overlap ? 2 : 1);
  return [
    plain('attention', `${name} compression`, 2 * width, hidden),
    plain('attention', `${name} compression position`, width, ratio),
    plain('norm', `${name} compression norm`, size),
  ];
}

function compressedTensors(attention: CompressedAttention, hidden: number): readonly Tensor[] {
  const { heads, headSize, queryRank, outputGroups, outputRank, ratio, sparse } = attention;
  return [
    matrix('attention', 'query down', queryRank, hidden),
    plain('norm', 'query norm', queryRank),
    perHead(matrix('attention', 'query up', heads * headSize, queryRank, heads)),
    matrix('attention', 'key-value', headSize, hidden),
    plain('norm', 'key-value norm', headSize),
    plain('attention', 'sinks', heads, 1, heads),
    perHead(matrix('attention', 'output down', outputGroups * outputRank, (heads / outputGroups) * headSize, outputGroups)),
    matrix('attention', 'output up', hidden, outputGroups * outputRank, outputGroups),
    ...(ratio === undefined ? [] : compressor('key-value', attention, ratio, headSize, hidden)),
    ...(ratio === undefined || sparse === undefined
      ? []
      : [
          matrix('attention', 'index query', sparse.heads * sparse.headSize, queryRank),
          plain('attention', 'index weights', sparse.heads, hidden),
          ...compressor('index', attention, ratio, sparse.headSize, hidden),
        ]),
  ];
}

/** Gate, up and down, or up and down. The inner width is what tensor parallelism cuts. */
function multilayer(tensorClass: TensorClass, intermediate: number, hidden: number, gated: boolean, bias: boolean): readonly Tensor[] {
  return [
    ...some(gated, matrix(tensorClass, 'gate', intermediate, hidden, intermediate)),
    matrix(tensorClass, 'up', intermediate, hidden, intermediate),
    matrix(tensorClass, 'down', hidden, intermediate, intermediate),
    ...some(bias, plain(tensorClass, 'inner bias', (gated ? 2 : 1) * intermediate, 1, intermediate), plain(tensorClass, 'down bias', hidden)),
  ];
}

function feedForwardTensors(part: FeedForward, hidden: number): readonly Tensor[] {
  switch (part.kind) {
    case 'dense':
      return multilayer('dense', part.intermediate, hidden, part.gated, part.bias);
    case 'none':
      return [];
    case 'experts': {
      const { latent } = part;
      return [
        plain('router', 'router', part.routed, hidden),
        ...some(part.routerBias, plain('router', 'router bias', part.routed)),
        ...some(part.routerScales === true, plain('router', 'router scales', hidden + part.routed)),
        ...(latent === undefined ? [] : [matrix('dense', 'latent down', latent.size, hidden), matrix('dense', 'latent up', hidden, latent.size)]),
        ...some(latent?.norm === true, plain('norm', 'latent norm', latent?.size ?? 0)),
        ...multilayer('experts', part.intermediate, latent?.size ?? hidden, part.gated, part.bias).map((tensor) => ({
          ...tensor,
          copies: part.routed,
          active: part.perToken / part.routed,
        })),
        ...(part.sharedIntermediate === 0 ? [] : multilayer('shared', part.sharedIntermediate, hidden, part.gated, part.bias)),
        ...some(part.sharedGate, plain('router', 'shared gate', hidden)),
      ];
    }
    default:
      return unreachable(part);
  }
}

/** Weight tensors of one layer of a group. */
export function layerTensors(model: Model, group: LayerGroup): readonly Tensor[] {
  const norm = (model.normBias === true ? 2 : 1) * model.hidden;
  return [
    ...attentionTensors(group.attention, model.hidden),
    ...feedForwardTensors(group.feedForward, model.hidden),
    ...Array.from({ length: group.norms }, (_, i) => plain('norm', `norm ${i + 1}`, norm)),
    ...['attention', 'feed-forward'].flatMap((half) => streamTensors(`${half} streams`, model, (streams) => (2 + streams) * streams, 3)),
  ];
}

/** What mixes residual streams: `outputs` numbers from all of them, a bias for each, and scales. */
function streamTensors(name: string, { residualStreams, hidden }: Model, outputs: (streams: number) => number, scales: number): readonly Tensor[] {
  if (residualStreams === undefined) return [];
  const rows = outputs(residualStreams);
  return [plain('norm', name, rows, residualStreams * hidden), plain('norm', `${name}: bias and scales`, rows + scales)];
}

/** What stands in front of the first layer. A token reads one row of the table: it passes through none of it. */
export function embeddingTensors(model: Model): readonly Tensor[] {
  return [{ ...plain('embedding', 'embedding', model.vocabulary, model.hidden, model.vocabulary), active: 0 }];
}

/** What stands behind the last layer. A tied head has no weights of its own: `parametersOf` counts it once, as the head. */
export function headTensors(model: Model): readonly Tensor[] {
  return [
    plain('norm', 'final norm', (model.normBias === true ? 2 : 1) * model.hidden),
    plain('head', 'head', model.vocabulary, model.hidden, model.vocabulary),
    ...some(model.headBias === true, plain('head', 'head bias', model.vocabulary, 1, model.vocabulary)),
    ...streamTensors('head streams', model, (streams) => streams, 1),
  ];
}

/** One draft layer: a whole layer, the projection that joins hidden state and token, two norms in front and one behind. */
export function draftTensors(model: Model, draft: DraftModule): readonly Tensor[] {
  return [
    ...layerTensors(model, draft.layers),
    plain('draft', 'join', model.hidden, 2 * model.hidden),
    ...['embedding norm', 'hidden norm', 'final norm'].map((name) => plain('norm', name, model.hidden)),
    ...streamTensors('head streams', model, (streams) => streams, 1),
  ];
}
