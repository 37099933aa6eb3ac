import { useSignal, useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { engines } from '../../../src/cost/batch.ts';
import { stages } from '../../../src/model/operator.ts';
import { show } from '../../parts/figure/show.ts';
import { colours } from '../../parts/map/colours.ts';
import { mixed } from '../../parts/map/ramp.ts';
import { desk, frame, opened } from '../../state/run.ts';
import type { StepRecord } from '../../../src/report/live/frame.ts';
import type { Opened } from '../../../src/report/live/opened.ts';
import { explain } from './explain.ts';
import { runText } from './text.ts';

const lane = { height: 18, gap: 3, label: 92 };
const most = 16;
/** Between two looks while a run plays. [ms] */
const every = 200;

/** Iterations as they are drawn, and the time at the right edge. [s] */
interface Shown {
  readonly to: number;
  readonly records: readonly StepRecord[];
}

/** Names of instances, in their order. */
function instanceNames({
  pools,
}: Opened): readonly { readonly name: string; readonly role: Opened['pools'][number]['role']; readonly ranks: number; readonly places: number }[] {
  return pools.flatMap(({ name, role, instances, ranks, maxSequences }) =>
    Array.from({ length: instances }, (_, i) => ({ name: instances === 1 ? name : `${name} ${i}`, role, ranks, places: ranks * maxSequences })),
  );
}

/** The iterations of the last moments, a lane for each instance; one that is chosen is explained by stage and engine. */
export function Timeline(): JSX.Element {
  const text = runText();
  const canvas = useRef<HTMLCanvasElement>(null);
  const steps = useSignal<Shown>({ to: 0, records: [] });
  const span = useSignal(1);
  const chosen = useSignal<StepRecord | undefined>(undefined);
  const names = opened.value === undefined ? [] : instanceNames(opened.value).slice(0, most);

  useSignalEffect(() => {
    const seconds = span.value;
    let last: number | undefined;
    const look = async (): Promise<void> => {
      const to = frame.peek()?.at ?? 0;
      if (to === last) return;
      last = to;
      // The engine is ahead of the frame that is shown.
      const records = await desk().iterations(seconds + ((frame.peek()?.speed ?? 1) * every) / 1000);
      if (seconds === span.peek()) steps.value = { to: frame.peek()?.at ?? to, records };
    };
    void look();
    const timer = setInterval(() => void look(), every);
    return () => clearInterval(timer);
  });
  useSignalEffect(() => {
    const [element, inks, found] = [canvas.current, colours.value, steps.value];
    const context = element?.getContext('2d');
    if (element === null || context === null || context === undefined || opened.value === undefined) return;
    const lanes = instanceNames(opened.value).slice(0, most);
    const ratio = Math.min(devicePixelRatio, 2);
    const [width, height] = [element.clientWidth, lanes.length * (lane.height + lane.gap)];
    element.width = width * ratio;
    element.height = height * ratio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const { to, records } = found;
    const x = (at: number): number => lane.label + ((at - (to - span.value)) / span.value) * (width - lane.label);
    context.font = '12px system-ui, sans-serif';
    context.textBaseline = 'middle';
    lanes.forEach(({ name }, i) => {
      const top = i * (lane.height + lane.gap);
      context.fillStyle = inks.track;
      context.fillRect(lane.label, top, width - lane.label, lane.height);
      context.fillStyle = inks.quiet;
      context.fillText(name, 0, top + lane.height / 2, lane.label - 8);
    });
    context.save();
    context.beginPath();
    context.rect(lane.label, 0, width - lane.label, height);
    context.clip();
    for (const step of records) {
      const own = lanes[step.instance];
      if (own === undefined) continue;
      const fullness = own.role === 'prefill' ? step.prefillTokens / (step.prefillTokens + 8192) : step.decoding / own.places;
      context.fillStyle =
        step === chosen.value ? inks.ink : mixed(inks.track, inks[own.role], 0.3 + 0.7 * Math.min(1, fullness * (own.role === 'prefill' ? 1.3 : 1)));
      context.fillRect(x(step.at), step.instance * (lane.height + lane.gap), Math.max(1, x(step.at + step.duration) - x(step.at) - 0.6), lane.height);
    }
    context.restore();
  });
  const pick = (event: PointerEvent): void => {
    const element = canvas.current as HTMLCanvasElement;
    const { to, records } = steps.peek();
    const at = to - span.peek() + ((event.offsetX - lane.label) / (element.clientWidth - lane.label)) * span.peek();
    const instance = Math.floor(event.offsetY / (lane.height + lane.gap));
    chosen.value = records.find((step) => step.instance === instance && step.at <= at && at < step.at + step.duration);
  };
  const walk = (event: KeyboardEvent): void => {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (way === undefined) return;
    event.preventDefault();
    const own = steps.peek().records.filter(({ instance }) => instance === (chosen.peek()?.instance ?? 0));
    const ordered = own.toSorted((a, b) => a.at - b.at);
    const at = chosen.peek() === undefined ? ordered.length : ordered.findIndex((step) => step.at === chosen.peek()?.at);
    chosen.value = ordered[at + way] ?? chosen.peek();
  };
  return (
    <div class="timeline">
      <p class="quiet">
        {text.timelineAbout}{' '}
        <select aria-label={text.timelineSpan} value={String(span.value)} onChange={({ currentTarget }) => (span.value = Number(currentTarget.value))}>
          {[0.2, 1, 5].map((seconds) => (
            <option key={seconds} value={String(seconds)}>
              {show.time(seconds)}
            </option>
          ))}
        </select>
      </p>
      <canvas
        ref={canvas}
        tabIndex={0}
        role="application"
        aria-label={`${text.timelineLabel}: ${chosen.value === undefined ? '' : describe(chosen.value, names)}`}
        style={{ height: `${Math.max(1, names.length) * (lane.height + lane.gap)}px` }}
        onPointerDown={pick}
        onKeyDown={walk}
      />
      {chosen.value === undefined ? undefined : <StepDetail step={chosen.value} name={names[chosen.value.instance]?.name ?? ''} />}
    </div>
  );
}

function describe(step: StepRecord, names: readonly { readonly name: string }[]): string {
  return `${names[step.instance]?.name ?? ''} ${show.time(step.at)}, ${show.time(step.duration)}`;
}

/** What an iteration is made of: time by stage, and how busy each engine of a die is. */
function StepDetail({ step, name }: { readonly step: StepRecord; readonly name: string }): JSX.Element {
  const text = runText();
  const named = [...stages, 'host gap'].map((stage, i) => ({ name: stage, time: step.stages[i] ?? 0 })).filter(({ time }) => time > 0);
  const busy = engines.map((one, i) => ({ name: one, time: step.busy[i] ?? 0 })).filter(({ time }) => time > 0);
  const work = [
    step.decoding > 0 ? text.decoding(show.count(step.decoding)) : '',
    step.prefillTokens > 0 ? text.prefilling(show.count(step.prefillTokens)) : '',
  ];
  return (
    <section class="step-detail" aria-live="polite">
      <h3>
        {text.stepOf(name)} <b>{show.time(step.duration)}</b> <small class="quiet">{work.filter((part) => part !== '').join(', ')}</small>
      </h3>
      <div class="columns">
        <Bars title={text.byStage} rows={named} of={step.duration} />
        <Bars title={text.byEngine} rows={busy} of={step.duration} />
      </div>
      <button type="button" onClick={() => opened.value !== undefined && void explain(step, opened.value)}>
        {text.explain}
      </button>
    </section>
  );
}

function Bars({
  title,
  rows,
  of,
}: {
  readonly title: string;
  readonly rows: readonly { readonly name: string; readonly time: number }[];
  readonly of: number;
}): JSX.Element {
  return (
    <table class="bars">
      <caption>{title}</caption>
      <tbody>
        {rows.map(({ name, time }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td class="bar" aria-hidden="true">
              <span style={{ width: `${Math.min(100, (100 * time) / of)}%` }} />
            </td>
            <td class="right">{show.time(time)}</td>
            <td class="right quiet">{show.share(time / of)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
