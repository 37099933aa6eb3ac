import type { JSX } from 'preact';
import { frame, opened } from '../../state/run.ts';
import { instanceStates } from '../../../src/report/live/frame.ts';
import { runText } from '../../views/run/text.ts';
import { show } from '../figure/show.ts';
import { uses } from './map-state.ts';
import type { Part } from './plan.ts';
import type { DieUse } from './scene.ts';

/** What a part does at this moment. */
export function PartNow({ part }: { readonly part: Part }): JSX.Element | null {
  const text = runText();
  const now = frame.value;
  const machine = opened.value?.machine;
  if (machine === undefined || now === undefined) return null;
  const dies = diesOf(part, machine.chip.dies, machine.node.chips);
  if (dies.length === 0) return null;
  const here = dies.flatMap((die) => uses.value[die] ?? []);
  if (here.length === 0) return <p class="quiet">{text.idle}</p>;
  const instances = [...new Map(here.map((use) => [use.instance, use])).values()];
  const ranks = [...new Set(here.map(({ rank }) => rank))];
  const kv = ranks.reduce((sum, rank) => sum + (now.kv[rank] ?? 0), 0) / ranks.length;
  const exchanges = Math.max(...instances.map(({ instance }) => now.exchanges[instance] ?? 0));
  const sequences = ranks.reduce((sum, rank) => sum + (now.sequences[rank] ?? 0), 0);
  return (
    <p>
      {text.runs(instances.map((use) => nameOf(use)).join(', '))}
      {', '}
      {instances.map(({ instance }) => text.states[instanceStates[now.states[instance] ?? 0] ?? 'active']).at(0)}
      {' · '}
      {text.kvUse} <b>{show.share(kv)}</b>
      {' · '}
      <b>{show.count(sequences)}</b> {text.sequences}
      {exchanges > 0 ? (
        <>
          {' · '}
          {text.exchanges} <b>{show.share(exchanges)}</b>
        </>
      ) : undefined}
    </p>
  );
}

function nameOf({ pool, instance }: DieUse): string {
  return pool.instances === 1 ? pool.name : `${pool.name} ${instance - pool.firstInstance}`;
}

/** Dies of a part; none of what holds none. */
function diesOf({ kind, index }: Part, perChip: number, perNode: number): readonly number[] {
  const count = { die: 1, chip: perChip, node: perChip * perNode, rack: 0, cpu: 0, switch: 0 }[kind];
  return Array.from({ length: count }, (_, i) => index * count + i);
}
