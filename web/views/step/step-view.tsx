import { useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { Segments } from '../../parts/field/segments.tsx';
import { scenario } from '../../state/scenario.ts';
import { setViewState } from '../../state/view-state.ts';
import { Answer } from './answer.tsx';
import { Command, Doubts, Helps, Memory } from './asides.tsx';
import { knobs } from './flags.ts';
import { Knobs } from './knobs.tsx';
import { Operators } from './operators.tsx';
import { Roofline } from './roofline.tsx';
import { findPools, flags, pool, pools, price, step } from './state.ts';
import './step.css';
import { stepText } from './text.ts';
import { Timeline } from './timeline.tsx';
import { Where } from './where.tsx';

/** One iteration explained. */
export function View(): JSX.Element {
  const text = stepText();
  useSignalEffect(() => {
    if (scenario.value !== undefined) void findPools(scenario.value);
  });
  useSignalEffect(() => {
    if (flags.value !== undefined) price(flags.value);
  });
  const [now, knob] = [step.value, pool.value];
  if (now === undefined || knob === undefined) return <p class="quiet">{text.waiting}</p>;
  const choose = (at: string): void => {
    for (const key of knobs) setViewState(key, undefined);
    setViewState('pool', at === '0' ? undefined : at);
  };
  return (
    <section class="step">
      <div class="step-head">
        <h1>{text.title}</h1>
        <Segments
          label={text.pool}
          quiet
          options={pools.value.map(({ phase }, i) => ({ value: String(i), text: text.pools[phase] }))}
          value={String(pools.value.indexOf(knob))}
          onChange={choose}
        />
      </div>
      <Knobs knob={knob} now={now} />
      <div class="step-main">
        <Answer step={now} />
        <Timeline step={now} />
        <div class="step-pair">
          <Where step={now} />
          <Roofline step={now} />
        </div>
        <Operators step={now} />
        <div class="step-pair">
          <Helps step={now} />
          <Memory step={now} />
        </div>
        <Doubts step={now} />
        <Command />
      </div>
    </section>
  );
}
