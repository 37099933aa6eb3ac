import { unreachable } from '../base/errors.ts';
import { channelsOf, type Attention, type CompressedAttention, type GroupedQueryAttention, type LatentAttention, type LinearAttention } from './attention.ts';
import { matrix, perHead, plain, some, type Tensor } from './tensor.ts';

/** Weight tensors of the attention of one layer, norms inside it included. */
export function attentionTensors(attention: Attention, hidden: number): readonly Tensor[] {
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
