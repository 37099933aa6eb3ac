import type { PoolKnobs } from '../../worker/step/knobs.ts';
import { batchOf, flagsOf } from './flags.ts';

interface Change {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** What sliders that were moved say as keys of the scenario. The context of sequences is the traffic's, and none of them. */
export function changesOf(knob: PoolKnobs, moved: Readonly<Record<string, string>>): readonly Change[] {
  const at = (...keys: readonly string[]): readonly string[] => ['deployment', knob.pool, ...keys];
  const flags = flagsOf(knob, moved);
  const decode = knob.phase === 'decode';
  const changes: Change[] = [];
  if (moved['batch'] !== undefined) {
    const key = knob.pool === 'merged' ? (decode ? 'max-num-seqs' : 'max-num-batched-tokens') : decode ? 'max-batch' : 'batch-tokens';
    changes.push({ path: at(key), value: `${moved['batch']}/${batchOf(knob).per}` });
  }
  if (moved['micro'] !== undefined) changes.push({ path: at('microbatches'), value: Number(moved['micro']) });
  if (moved['ep'] !== undefined) {
    const { dies, expertParallel, sharedDies, redundant } = flags;
    if (dies !== undefined && knob.flags.dies === undefined) {
      for (const unit of ['npus', 'gpus', 'chips']) changes.push({ path: at(unit), value: undefined });
      changes.push({ path: at('dies'), value: Number(dies) });
    }
    changes.push({ path: at('experts', 'parallel'), value: Number(expertParallel) });
    if (sharedDies !== undefined) changes.push({ path: at('experts', 'shared'), value: Number(sharedDies) });
    if (redundant !== undefined) changes.push({ path: at('experts', 'redundant'), value: Number(redundant) });
  }
  if (moved['mtp'] !== undefined) changes.push(...drafts(flags.mtp, flags.draft, at));
  return changes;
}

function drafts(mtp: string | undefined, draft: string | undefined, at: (...keys: readonly string[]) => readonly string[]): readonly Change[] {
  const [tokens, chances] = mtp?.split(':') ?? [];
  const acceptance = (text = ''): number | number[] => (text.includes(',') ? text.split(',').map(Number) : Number(text));
  if (tokens !== undefined) return [{ path: at('mtp'), value: { draft: Number(tokens), acceptance: acceptance(chances) } }];
  const [, drafted, accepted] = draft?.split(':') ?? [];
  if (drafted === undefined)
    return [
      { path: at('mtp'), value: undefined },
      { path: at('draft'), value: undefined },
    ];
  return [
    { path: at('draft', 'tokens'), value: Number(drafted) },
    { path: at('draft', 'acceptance'), value: acceptance(accepted) },
  ];
}
