import { computed, type ReadonlySignal } from '@preact/signals';
import type { JSX } from 'preact';
import { significant } from '../../../src/base/quantity.ts';
import { show } from '../../parts/figure/show.ts';
import { engine, frame, furthest, opened } from '../../state/run.ts';
import { runText } from './text.ts';

const speeds = [0.05, 0.25, 1, 4, 16, 64] as const;

/** When the run will be over, by how many of its requests have come; the end itself once it is known. [s] */
const end: ReadonlySignal<number> = computed(() => {
  const [now, all] = [frame.value, opened.value?.requests ?? 0];
  if (now === undefined) return 1;
  const expected = now.counts.arrived > 50 ? (now.at * all) / now.counts.arrived : 0;
  const rounded = expected === 0 ? 0 : Number(expected.toPrecision(1)) * (Number(expected.toPrecision(1)) < expected ? 1.5 : 1);
  return Math.max(furthest.value, now.done ? now.at : rounded, 1);
});

/** Play and pause, the time, and how fast it goes. */
export function Controls(): JSX.Element | null {
  const text = runText();
  const now = frame.value;
  if (now === undefined) return null;
  const { arrived, finished, waiting, running, failed, rejected } = now.counts;
  const toggle = now.playing ? text.pause : now.done ? text.again : text.play;
  return (
    <section class="controls" aria-label={text.title}>
      <button type="button" class="primary play" aria-label={toggle} title={toggle} onClick={() => void engine.ask(now.playing ? 'pause' : 'play')}>
        {now.playing ? '❚❚' : '▶'}
      </button>
      <span class="clock" role="timer" data-testid="time" aria-label={text.time}>
        {significant(now.at, now.at < 10 ? 3 : 4)} s
      </span>
      <input
        type="range"
        min={0}
        max={end.value}
        step={end.value / 1000}
        value={now.at}
        aria-label={text.time}
        aria-valuetext={show.time(now.at)}
        onInput={({ currentTarget }) => void engine.ask('seek', { to: Number(currentTarget.value) })}
      />
      <select
        aria-label={text.speed}
        value={String(now.speed)}
        title={now.late ? text.late : undefined}
        data-late={now.late}
        onChange={({ currentTarget }) => void engine.ask('play', { speed: Number(currentTarget.value) })}
      >
        {speeds.map((factor) => (
          <option key={factor} value={String(factor)}>
            {text.speedOf(String(factor))}
          </option>
        ))}
      </select>
      <button type="button" onClick={() => void engine.ask('seek', { to: Infinity })} disabled={now.done || now.seeking}>
        {now.seeking ? text.computing : text.toEnd}
      </button>
      <p class="counts">
        <span>{text.requests(show.count(finished), show.count(arrived), show.count(opened.value?.requests ?? 0))}</span>
        <span>
          {text.waiting} <b>{show.count(waiting)}</b>
        </span>
        <span>
          {text.running} <b>{show.count(running)}</b>
        </span>
        {failed + rejected > 0 ? (
          <span class="bad">
            {text.failed} <b>{show.count(failed + rejected)}</b>
          </span>
        ) : undefined}
      </p>
    </section>
  );
}
