import type { ModelCard, PrintedCount } from '../../schema/model.ts';
import type { NumberFormat } from '../../src/catalogue/format.ts';
import { kvBytesPerToken } from '../../src/model/kv.ts';
import type { Attention, FeedForward, Model, Precision } from '../../src/model/model.ts';
import { parametersOf, type ParameterCount } from '../../src/model/parameters.ts';
import { precisionOf } from '../../src/model/precision.ts';
import { weightBytes, type ClassBytes } from '../../src/model/weights.ts';

/** Weights of the whole model in one precision. [B] */
interface WeightFact {
  /** `stored` is the checkpoint's own precision; otherwise the format of all matrices but embedding, head and routers. */
  readonly name: string;
  readonly precision: Precision;
  readonly classes: readonly ClassBytes[];
  /** Without draft modules. */
  readonly main: number;
  readonly draft: number;
}

/** The columns of weight bytes: the checkpoint as it is, then one format after the other. */
function weightFacts(model: Model): readonly WeightFact[] {
  const formats: readonly NumberFormat[] = ['bf16', 'fp8', 'int8', 'int4'];
  const precisions: readonly (readonly [string, Precision])[] = [
    ['stored', precisionOf(model)],
    ...formats.map((format) => [format, precisionOf(model, { weights: format })] as const),
  ];
  return precisions.map(([name, precision]) => {
    const classes = weightBytes(model, precision);
    const draft = classes.find((entry) => entry.name === 'draft')?.bytes ?? 0;
    return { name, precision, classes, main: classes.reduce((sum, { bytes }) => sum + bytes, 0) - draft, draft };
  });
}

/** One model in numbers. */
export interface ModelFacts {
  readonly parameters: ParameterCount;
  readonly weights: readonly WeightFact[];
  /** KV of one token by format. [B] */
  readonly kv: Readonly<Record<'bf16' | 'fp8', ReturnType<typeof kvBytesPerToken>>>;
}

export function factsOf({ model }: ModelCard): ModelFacts {
  return { parameters: parametersOf(model), weights: weightFacts(model), kv: { bf16: kvBytesPerToken(model, 'bf16'), fp8: kvBytesPerToken(model, 'fp8') } };
}

/** `GQA 64/8 x 128`, `MLA 128, latent 512 + 64`, `recurrent 32 x 128 x 128`. */
export function attentionText(attention: Attention): string {
  switch (attention.kind) {
    case 'grouped-query': {
      const { heads, keyValueHeads, headSize, valueHeadSize, window, chunk, blocks } = attention;
      const kind = keyValueHeads === heads ? 'MHA' : keyValueHeads === 1 ? 'MQA' : 'GQA';
      const sizes = headSize === valueHeadSize ? `${headSize}` : `${headSize}, values ${valueHeadSize}`;
      const span = window !== undefined ? `, window ${window}` : chunk !== undefined ? `, chunks ${chunk}` : '';
      const index = blocks === undefined ? '' : `, index ${blocks.heads} x ${blocks.headSize}, top ${blocks.topBlocks} blocks of ${blocks.blockTokens}`;
      return `${kind} ${keyValueHeads === heads ? heads : `${heads}/${keyValueHeads}`} x ${sizes}${span}${index}`;
    }
    case 'latent': {
      const { heads, keyValueRank, ropeHeadSize, sparse } = attention;
      const index = sparse === undefined ? '' : sparse.shared === true ? ', index of a layer before' : `, index ${sparse.heads} x ${sparse.headSize}`;
      return `MLA ${heads}, latent ${keyValueRank} + ${ropeHeadSize}${index}${sparse === undefined ? '' : `, top ${sparse.topK}`}`;
    }
    case 'linear': {
      const { valueHeads, keyHeads, keyHeadSize, valueHeadSize } = attention;
      return `recurrent ${valueHeads === keyHeads ? valueHeads : `${valueHeads}/${keyHeads}`} x ${keyHeadSize} x ${valueHeadSize}`;
    }
    case 'compressed': {
      const { heads, headSize, window, ratio, sparse } = attention;
      const behind =
        ratio === undefined ? '' : ` + 1 in ${ratio}${sparse === undefined ? '' : `, index ${sparse.heads} x ${sparse.headSize}, top ${sparse.topK}`}`;
      return `MQA ${heads}/1 x ${headSize}, window ${window}${behind}`;
    }
    case 'none':
      return '–';
  }
}

/** `8 of 256 + 1 shared`, or nothing for a dense layer. */
export function expertsText(part: FeedForward): string {
  if (part.kind !== 'experts') return '';
  return `${part.perToken} of ${part.routed}${part.sharedCount === 0 ? '' : ` + ${part.sharedCount} shared`}`;
}

/** How far a count lies from what was printed; undefined where it is what rounding or truncation prints. */
export function differs(count: number, printed: PrintedCount): boolean {
  return Math.abs(count - printed.value) > printed.unit;
}

/** The active count in the publisher's way of counting. */
export function comparableActive({ published }: ModelCard, parameters: ParameterCount): number {
  return published?.counts === 'with-embedding' ? parameters.activeWithEmbedding : parameters.active;
}
