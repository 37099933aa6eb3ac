import { unreachable } from '../base/errors.ts';
import { inputWidth } from './attention.ts';
import { attentionTensors } from './attention-tensors.ts';
import type { DraftModule, FeedForward, LayerGroup, Model, TensorClass } from './model.ts';
import { matrix, perHead, plain, some, type Tensor } from './tensor.ts';

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

/** One draft layer: a whole layer, the projection that joins hidden states and token, two norms in front and one behind, a head of its own. */
export function draftTensors(model: Model, draft: DraftModule): readonly Tensor[] {
  const { layers, states, vocabulary, unquantised } = draft;
  const { width, parts } = inputWidth(layers.attention);
  const tensors = [
    ...layerTensors(model, layers),
    ...(states === undefined
      ? [plain('draft', 'join', model.hidden, 2 * model.hidden)]
      : [plain('draft', 'join', model.hidden, states * model.hidden), perHead(plain('draft', 'embedding', width, model.hidden, parts))]),
    ...(vocabulary === undefined ? [] : [plain('draft', 'head', vocabulary, model.hidden, vocabulary)]),
    ...['embedding norm', 'hidden norm', 'final norm'].map((name) => plain('norm', name, model.hidden)),
    ...streamTensors('head streams', model, (streams) => streams, 1),
  ];
  return unquantised === true ? tensors.map((tensor) => ({ ...tensor, quantisable: false })) : tensors;
}
