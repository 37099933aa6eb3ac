import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { formatTime } from '../../../src/base/quantity.ts';
import type { StepData } from '../../../src/report/step/data.ts';
import { lanesOf } from './bars.ts';
import { categories, colourOf } from './categories.ts';
import { stepText } from './text.ts';

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

/** A layer as it runs: a lane for each stream, later microbatches paler. */
export function Timeline({ step }: { readonly step: StepData }): JSX.Element {
  const text = stepText();
  const largest = step.groups.reduce((most, one) => (one.time > most.time ? one : most));
  const chosen = useSignal<string | undefined>(undefined);
  const group = step.groups.find(({ name }) => name === chosen.value) ?? largest;
  const lanes = lanesOf(group, step.operators);
  const used = new Set(lanes.flatMap(({ bars }) => bars.flatMap(({ pieces }) => pieces.map(({ category }) => category))));
  const microbatches = Math.max(...lanes.flatMap(({ bars }) => bars.map(({ microbatch }) => microbatch + 1)));
  const about = lanes.map(
    ({ stream, bars }) => `${stream}: ${bars.map(({ names, microbatch }) => `${names.join(', ')} (${text.microbatch(microbatch + 1)})`).join('; ')}`,
  );
  return (
    <div class="card">
      <div class="card-head">
        <h2>{text.timeline}</h2>
        <select aria-label={text.layerOf} value={group.name} onChange={({ currentTarget }) => (chosen.value = currentTarget.value)}>
          {step.groups.map(({ name, time }) => (
            <option key={name} value={name}>
              {name} · {percent(time / step.time)}
            </option>
          ))}
        </select>
      </div>
      <p class="quiet small">{text.timelineOf(String(group.count), formatTime(group.layerTime), percent(group.time / step.time))}</p>
      <div class="lanes" role="img" aria-label={about.join('. ')}>
        {lanes.map(({ stream, bars }) => (
          <div class="lane" key={stream}>
            <span class="lane-name">{stream}</span>
            <span class="lane-track">
              {bars.map((bar, i) => (
                <span
                  key={i}
                  class="run"
                  data-paler={bar.microbatch % 2 === 1}
                  style={{ left: `${bar.from * 100}%`, width: `${(bar.to - bar.from) * 100}%` }}
                  title={`${bar.names.join(', ')} · ${text.microbatch(bar.microbatch + 1)} · ${formatTime((bar.to - bar.from) * group.layerTime)}`}
                >
                  {bar.pieces.map(({ category, from, to }, k) => (
                    <i
                      key={k}
                      style={{
                        left: `${((from - bar.from) / (bar.to - bar.from)) * 100}%`,
                        width: `${((to - from) / (bar.to - bar.from)) * 100}%`,
                        background: colourOf[category],
                      }}
                    />
                  ))}
                </span>
              ))}
            </span>
          </div>
        ))}
        <div class="lane-axis">
          <span>0</span>
          <span>{formatTime(group.layerTime / 2)}</span>
          <span>{formatTime(group.layerTime)}</span>
        </div>
      </div>
      <p class="keys">
        {categories
          .filter((category) => used.has(category))
          .map((category) => (
            <span key={category}>
              <i style={{ background: colourOf[category] }} />
              {text.categories[category]}
            </span>
          ))}
        {microbatches < 2 ? undefined : (
          <>
            <span class="quiet">
              <i class="solid" />
              {text.microbatch(1)}
            </span>
            <span class="quiet">
              <i class="paler" />
              {text.microbatch(2)}
            </span>
          </>
        )}
      </p>
    </div>
  );
}
