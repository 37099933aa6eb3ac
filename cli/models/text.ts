import type { ModelCard } from '../../schema/model.ts';
import { formatQuantity, significant } from '../../src/base/quantity.ts';
import { layerCount, type LayerGroup, type Model } from '../../src/model/model.ts';
import { table } from '../table.ts';
import { attentionText, comparableActive, differs, expertsText, factsOf, type ModelFacts } from './facts.ts';

const whole = (count: number): string => Math.round(count).toLocaleString('en-US');
const count = (parameters: number): string => (parameters >= 0.9995e12 ? `${significant(parameters / 1e12, 4)} T` : `${significant(parameters / 1e9, 4)} B`);
const bytes = (value: number): string => (value === 0 ? '–' : formatQuantity(value, 'B', 4));
const distinct = (texts: readonly string[]): readonly string[] => texts.filter((text, i) => text !== '' && texts.indexOf(text) === i);

function storedText({ baseFormat, quantisation }: Model): string {
  if (quantisation === undefined) return baseFormat;
  const { weights, scaleGroup, scaleRows, excluded, experts } = quantisation;
  const block = scaleRows === 1 ? `${scaleGroup}` : `${scaleRows}x${scaleGroup / scaleRows}`;
  return `${weights}${scaleGroup === 0 ? '' : `/${block}`}${excluded.includes('attention') ? ', experts only' : ''}${experts === undefined ? '' : `, experts ${experts.weights}`}`;
}

/** What sets layers apart whose attention is not that of the full ones. */
const apart: readonly (readonly [RegExp, string])[] = [
  [/^recurrent/, 'others recurrent'],
  [/chunks/, 'some in chunks'],
  [/window \d+(?! \+)/, 'some windowed'],
];

/** The attention of most models is the same in every layer; where layers differ, that of the full ones, and how the others do. */
function listedAttention(model: Model): string {
  const texts = distinct(model.groups.map(({ attention }) => attentionText(attention))).filter((text) => text !== '–');
  const full = texts.find((text) => !apart.some(([pattern]) => pattern.test(text))) ?? texts[0] ?? '';
  const others = apart.filter(([pattern]) => texts.some((text) => text !== full && pattern.test(text))).map(([, words]) => words);
  return [full.replace(/index .*, top/, 'top'), ...others].join(', ');
}

/** One line a model, and how to read it. */
export function listModels(cards: readonly ModelCard[]): string {
  const rows = cards.map((card) => {
    const { model } = card;
    const { parameters, kv } = factsOf(card);
    return [
      model.name,
      whole(layerCount(model)),
      whole(model.hidden),
      listedAttention(model),
      distinct(model.groups.map(({ feedForward }) => expertsText(feedForward))).join('; ') || '–',
      count(parameters.total),
      count(parameters.active),
      whole(kv.bf16.main),
      storedText(model),
    ];
  });
  const headers = ['model', 'layers', 'hidden', 'attention', 'experts', 'total', 'active', 'KV B/token', 'stored'];
  return [
    table(headers, rows, { align: ['left', 'right', 'right', 'left', 'left', 'right', 'right', 'right', 'left'] }),
    '',
    'Parameters of the main model; active: those that one token passes through, the embedding table left out. KV in 16 bit, all layers.',
    'Stored: format of the published checkpoint, with the elements that share one scale. Draft modules (MTP) are shown by model.',
    'supernode models NAME shows one with its counts; the path of a config.json, of its folder or of a card works as well.',
  ].join('\n');
}

/** Everything about one model: layers, parameters, weights, KV, where it comes from. */
export function showModel(card: ModelCard): string {
  const { model } = card;
  const facts = factsOf(card);
  const origin = [card.vendor, card.license].filter((text) => text !== undefined).join(', ');
  const sections: readonly (readonly [string, string])[] = [
    ['Layers', layersTable(model)],
    ['Parameters', parametersTable(card, facts)],
    ['Weights, scales included', weightsTable(facts)],
    ['KV of one token', kvTable(facts)],
    ['Source', `  ${card.source}${card.published === undefined ? '' : `\n  published counts: ${card.published.source}`}`],
  ];
  return [`${card.title} (${model.name})${origin === '' ? '' : `, ${origin}`}`, ...sections.map(([title, text]) => `${title}\n${text}`)].join('\n\n');
}

function layersTable(model: Model): string {
  const row = (name: string, { attention, feedForward }: LayerGroup): string[] => [name, attentionText(attention), feedForwardText(feedForward)];
  const rows = [
    ...model.groups.map((group) => row(whole(group.count), group)),
    ...(model.draft === undefined ? [] : [row(`draft: ${model.draft.layers.count}`, model.draft.layers)]),
  ];
  const more = [
    `  ${model.architecture}: hidden ${whole(model.hidden)}, vocabulary ${whole(model.vocabulary)}${model.tiedEmbedding ? ' (head tied to embedding)' : ''}, positions up to ${whole(model.maxPositions)}`,
    `  stored as ${model.quantisation === undefined ? model.baseFormat : `${model.quantisation.weights} (${model.quantisation.method})${model.quantisation.experts === undefined ? '' : `, routed experts ${model.quantisation.experts.weights}`}; ${model.baseFormat} in ${model.quantisation.excluded.join(', ')}`}`,
  ];
  return `${table(['layers', 'attention', 'feed-forward'], rows, { indent: 2 })}\n${more.join('\n')}`;
}

function feedForwardText(part: LayerGroup['feedForward']): string {
  if (part.kind === 'none') return '–';
  if (part.kind === 'dense') return `dense ${whole(part.intermediate)}`;
  return `experts ${expertsText(part)}, each ${whole(part.intermediate)} wide`;
}

function parametersTable(card: ModelCard, { parameters }: ModelFacts): string {
  const { published } = card;
  const main = parameters.classes.filter(({ class: name, total }) => name !== 'draft' && total > 0);
  const rows = main.map(({ class: name, total, active }) => [name, whole(total), whole(active)]);
  rows.push(['main model', whole(parameters.total), whole(parameters.active)]);
  rows.push(['  with the embedding table', '', whole(parameters.activeWithEmbedding)]);
  if (parameters.draft > 0) rows.push(['draft module (MTP), apart', whole(parameters.draft), whole(parameters.draftActive)]);
  if (parameters.draftCopies > 0) rows.push(['its copies of embedding and head', whole(parameters.draftCopies), '']);
  const lines = [table(['', 'total', 'active'], rows, { align: ['left', 'right', 'right'], indent: 2 })];
  if (published !== undefined) {
    const active = comparableActive(card, parameters);
    const said: readonly (readonly [string, (typeof published)['total'], number])[] = [
      ['total', published.total, parameters.total],
      ['active', published.active, active],
      ['checkpoint', published.checkpoint, parameters.total + parameters.draft + parameters.draftCopies],
    ];
    const texts = said.flatMap(([name, printed, own]) =>
      printed === undefined ? [] : [`${name} ${printed.text}${differs(own, printed) ? ` (differs: ${whole(own)} here)` : ''}`],
    );
    lines.push(`  published: ${texts.join(', ')}`);
  }
  return lines.join('\n');
}

function weightsTable({ weights }: ModelFacts): string {
  const names = weights[0]?.classes.map(({ name }) => name).filter((name) => name !== 'draft') ?? [];
  const rows = names.map((name) => [name, ...weights.map(({ classes }) => bytes(classes.find((entry) => entry.name === name)?.bytes ?? 0))]);
  rows.push(['main model', ...weights.map(({ main }) => bytes(main))]);
  if (weights.some(({ draft }) => draft > 0)) rows.push(['draft module (MTP), apart', ...weights.map(({ draft }) => bytes(draft))]);
  const headers = ['', ...weights.map(({ name }) => (name === 'stored' ? 'as stored' : name === 'int4' ? '4 bit' : name))];
  return table(headers, rows, { align: headers.map((_, i) => (i === 0 ? 'left' : 'right')), indent: 2 });
}

function kvTable({ kv }: ModelFacts): string {
  const states = kv.bf16.state > 0;
  const rows = (['bf16', 'fp8'] as const).map((format) => {
    const { main, windowed, draft, state } = kv[format];
    const row = [
      format === 'bf16' ? '16 bit' : '8 bit',
      `${whole(main)} B`,
      windowed === 0 ? '–' : `${whole(windowed)} B`,
      draft === 0 ? '–' : `${whole(draft)} B`,
    ];
    return states ? [...row, `${whole(state)} B`] : row;
  });
  const headers = ['', 'main model', 'of it in windowed layers', 'draft module (MTP), apart', ...(states ? ['state of one sequence'] : [])];
  return table(headers, rows, { align: headers.map((_, i) => (i === 0 ? 'left' : 'right')), indent: 2 });
}
