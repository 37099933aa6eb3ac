import { batch } from '@preact/signals';
import { engine } from '../../state/run.ts';
import { scenario } from '../../state/scenario.ts';
import { view } from '../../state/start.ts';
import { viewState } from '../../state/view-state.ts';
import type { StepRecord } from '../../../src/report/live/frame.ts';
import type { Opened } from '../../../src/report/live/opened.ts';
import { batchOf } from '../step/flags.ts';

/** Shows the view that explains iterations at the batch of one: operators and streams of sequences of the mean length, spread evenly over the ranks. */
export async function explain(step: StepRecord, opened: Opened): Promise<void> {
  const now = scenario.peek();
  const pool = opened.pools.find(({ firstInstance, instances }) => step.instance >= firstInstance && step.instance < firstInstance + instances);
  if (now === undefined || pool === undefined) return;
  const phase = step.decoding > 0 ? 'decode' : 'prefill';
  const pools = await engine.ask('pools', { name: now.name, scenario: now.value, files: [...now.files] });
  const index = pools.findIndex((one) => one.phase === phase);
  const knobs = pools[index];
  if (knobs === undefined) return;
  const dies = pool.dies.slice(0, pool.ranks).flat(2).length;
  const { chip, node } = opened.machine;
  const units: Readonly<Record<string, number>> = { rank: pool.ranks, die: dies, node: dies / chip.dies / node.chips, instance: 1 };
  // Whatever else a batch is counted by is a word for a chip.
  const parts = units[batchOf(knobs).per] ?? dies / chip.dies;
  const size = Math.max(1, Math.round((phase === 'decode' ? step.decoding : step.prefillTokens) / parts));
  const context = phase === 'decode' ? { context: String(Math.max(1, Math.round(step.context / step.decoding))) } : {};
  batch(() => {
    viewState.value = { pool: String(index), batch: String(size), ...context };
    view.value = 'step';
  });
}
