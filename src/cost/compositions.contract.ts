import { stream, type RandomStream } from '../kernel/random.ts';
import type { InstanceBatch, RankBatch } from '../model/batch.ts';
import { dataRanks } from '../model/layout.ts';
import type { StepSetting } from './check.ts';

/** Batches of one kind. */
export type CompositionKind = 'decode' | 'prompts' | 'mixed';

export interface NamedSetting {
  readonly name: string;
  readonly setting: StepSetting;
  readonly kinds: readonly CompositionKind[];
}

/** Random batches: up to 256 sequences of up to 32,768 tokens, up to eight prompts or chunks of prompts, other ranks as busy or less. */
export function compositions({ setting: { layout }, kinds }: NamedSetting, count: number, seed: number = 1): readonly InstanceBatch[] {
  const random = stream(seed, 'compositions');
  const ranks = dataRanks(layout);
  return Array.from({ length: count }, (_, i) => {
    const rank = rankBatch(kinds[i % kinds.length] ?? 'decode', 1 + layout.draftTokens, random);
    const tokens = rank.decodeSequences * rank.queryTokens + rank.prefillTokens;
    return { rank, instanceTokens: ranks === 1 ? tokens : tokens + whole(random, 0, (ranks - 1) * tokens) };
  });
}

function rankBatch(kind: CompositionKind, queryTokens: number, random: RandomStream): RankBatch {
  const decodeSequences = kind === 'prompts' ? 0 : whole(random, 1, 256);
  const prefillSequences = kind === 'decode' ? 0 : whole(random, 1, 8);
  let prefillTokens = 0;
  let prefillPairs = 0;
  let prefillContext = 0;
  for (let i = 0; i < prefillSequences; i++) {
    const length = whole(random, 1, 1 << whole(random, 5, 11));
    const before = random.uniform() < 0.5 ? 0 : whole(random, 1, 30_000);
    prefillTokens += length;
    prefillPairs += length * before + (length * (length + 1)) / 2;
    prefillContext += before + length;
  }
  const decodeContext = decodeSequences === 0 ? 0 : decodeSequences * whole(random, 1, 1 << whole(random, 4, 15)) + whole(random, 0, 100);
  return { decodeSequences, queryTokens, decodeContext, prefillTokens, prefillSequences, prefillPairs, prefillContext };
}

function whole(random: RandomStream, from: number, to: number): number {
  return from + Math.floor(random.uniform() * (to - from + 1));
}
