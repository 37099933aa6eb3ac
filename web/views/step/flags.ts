import { flagNamed } from '../../../schema/flag-named.ts';
import type { StepFlags } from '../../../schema/step/flags.ts';
import type { PoolKnobs } from '../../worker/step/knobs.ts';

/** What a slider moves, by its key in the address. */
export const knobs = ['batch', 'context', 'ep', 'mtp', 'micro'] as const;
export type Knob = (typeof knobs)[number];

/** Where nothing is known of drafts. */
const assumedAcceptance = '0.7';

/** The flag that each slider stands for, in decode and in prefill. */
export const flagOfKnob: Readonly<Record<Knob, readonly string[]>> = {
  batch: ['--batch', '--tokens'],
  context: ['--context', '--prompt'],
  ep: ['--expert-parallel', '--redundant', '--shared-dies'],
  mtp: ['--mtp', '--draft'],
  micro: ['--microbatches'],
};

/** The flags of an iteration with what the sliders say over those of the pool. */
export function flagsOf(pool: PoolKnobs, moved: Readonly<Record<string, string>>): StepFlags {
  const stop = pool.experts.find(({ parallel }) => String(parallel) === moved['ep']);
  const base = stop?.flags ?? pool.flags;
  const changed: Record<string, string | boolean | undefined> = { ...base };
  if (moved['batch'] !== undefined) changed[pool.phase === 'decode' ? 'batch' : 'tokens'] = `${moved['batch']}/${batchOf(pool).per}`;
  if (moved['context'] !== undefined) changed[pool.phase === 'decode' ? 'context' : 'prompt'] = moved['context'];
  if (moved['micro'] !== undefined) changed['microbatches'] = moved['micro'];
  if (moved['mtp'] !== undefined && pool.phase === 'decode') {
    delete changed['mtp'];
    delete changed['draft'];
    const tokens = Number(moved['mtp']);
    const [method, , chances] = base.draft?.split(':') ?? [];
    if (tokens > 0 && method !== undefined && chances !== undefined) changed['draft'] = `${method}:${tokens}:${chancesFor(tokens, chances)}`;
    else if (tokens > 0) changed['mtp'] = `${tokens}:${chancesFor(tokens, base.mtp?.split(':')[1] ?? assumedAcceptance)}`;
  }
  return changed;
}

/** As many chances as tokens: the last one again where there are fewer. */
function chancesFor(tokens: number, chances: string): string {
  const list = chances.split(',');
  return list.length === 1 ? chances : Array.from({ length: tokens }, (_, i) => list[Math.min(i, list.length - 1)]).join(',');
}

/** The batch of a pool, and what it is counted by. */
export function batchOf({ flags, phase }: Pick<PoolKnobs, 'flags' | 'phase'>): { readonly value: number; readonly per: string } {
  const [value = '1', per = 'rank'] = (phase === 'decode' ? flags.batch : flags.tokens)?.split('/') ?? [];
  return { value: Number(value), per };
}

/** The same iteration on the command line. */
export function commandOf(flags: StepFlags): string {
  const words = Object.entries(flags as Readonly<Record<string, string | boolean>>).map(([key, value]) => {
    const flag = flagNamed(key);
    return value === true ? flag : `${flag} ${/^[\w./:,*=-]+$/.test(String(value)) ? String(value) : `'${String(value)}'`}`;
  });
  return `npx supernode step ${words.join(' ')}`;
}
