import type { ModelCard } from '../../schema/model.ts';
import { layerCount } from '../../src/model/model.ts';
import { attentionText, expertsText, factsOf } from './facts.ts';

const schema = 'supernode/models/1';

function origin(card: ModelCard): Readonly<Record<string, unknown>> {
  const { model, published, ...rest } = card;
  const text =
    published === undefined
      ? undefined
      : { total: published.total?.text, active: published.active?.text, checkpoint: published.checkpoint?.text, source: published.source };
  return { name: model.name, ...rest, published: text };
}

/** The catalogue as JSON: what the list shows. Bytes. */
export function modelsAsJson(cards: readonly ModelCard[]): string {
  const models = cards.map((card) => {
    const { model } = card;
    const { parameters, kv } = factsOf(card);
    return {
      ...origin(card),
      architecture: model.architecture,
      layers: layerCount(model),
      hidden: model.hidden,
      attention: model.groups.map(({ attention }) => attentionText(attention)).filter((text, i, all) => all.indexOf(text) === i),
      experts: model.groups.map(({ feedForward }) => expertsText(feedForward)).find((text) => text !== ''),
      parameters: { total: parameters.total, active: parameters.active, activeWithEmbedding: parameters.activeWithEmbedding, draft: parameters.draft },
      kvBytesPerToken: kv,
      baseFormat: model.baseFormat,
      quantisation: model.quantisation,
    };
  });
  return JSON.stringify({ schema, models }, undefined, 2);
}

/** One model as JSON: its description, counts by class, weights by precision, KV by format. Bytes. */
export function modelAsJson(card: ModelCard): string {
  const { parameters, weights, kv } = factsOf(card);
  return JSON.stringify({ schema, ...origin(card), model: card.model, parameters, weightBytes: weights, kvBytesPerToken: kv }, undefined, 2);
}
