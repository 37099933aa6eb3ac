import { useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { Segments } from '../../parts/field/segments.tsx';
import { catalogue } from '../../state/run.ts';
import { scenario, type ScenarioState } from '../../state/scenario.ts';
import { setViewState, viewState } from '../../state/view-state.ts';
import { Chooser } from './chooser.tsx';
import './compare.css';
import { entryOf, keysIn } from './entries.ts';
import { Offers } from './offers.tsx';
import { Pareto } from './pareto.tsx';
import { Ranges } from './ranges.tsx';
import { compare, entries, progress, stop } from './state.ts';
import { Differences, Tables } from './tables.tsx';
import { compareText } from './text.ts';

/** Machines and deployments side by side. */
export function View(): JSX.Element {
  const text = compareText();
  useSignalEffect(() => {
    const [base, keys, whole, ready] = [scenario.value, keysIn(viewState.value['with']), viewState.value['runs'] !== 'short', catalogue.value];
    if (base !== undefined && ready !== undefined) void begin(base, keys, whole);
  });
  if (scenario.value === undefined) return <p class="quiet">{text.starting}</p>;
  const now = progress.value;
  const whole = viewState.value['runs'] !== 'short';
  const ran = entries.value.filter(({ summary }) => summary !== undefined);
  return (
    <section class="compare">
      <div class="step-head">
        <h1>{text.title}</h1>
        <span class="under-way">
          <span class="quiet small" role="status">
            {now === undefined ? '' : text.running(now.done, now.all)}
          </span>{' '}
          {now === undefined ? undefined : (
            <button type="button" onClick={stop}>
              {text.stop}
            </button>
          )}
        </span>
        <Segments
          label={text.length}
          quiet
          options={[
            { value: 'short', text: text.lengths.short },
            { value: 'whole', text: text.lengths.whole },
          ]}
          value={whole ? 'whole' : 'short'}
          onChange={(value) => setViewState('runs', value === 'short' ? value : undefined)}
        />
      </div>
      <p class="quiet">{text.about}</p>
      <Chooser />
      {now === undefined ? undefined : <progress max={now.all} value={now.done} aria-label={text.running(now.done, now.all)} />}
      {entries.value.length < 2 ? <Offers /> : undefined}
      {ran.length === 0 ? undefined : (
        <>
          <Pareto />
          <Ranges />
          <Tables />
          <Differences />
        </>
      )}
    </section>
  );
}

async function begin(base: ScenarioState, keys: readonly string[], whole: boolean): Promise<void> {
  const others = await Promise.all(keys.map((key) => entryOf(key, base)));
  if (scenario.peek() === base) await compare([base, ...others.filter((state) => state !== undefined)], whole);
}
