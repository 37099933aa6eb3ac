import { computed, type ReadonlySignal } from '@preact/signals';
import type { JSX } from 'preact';
import { significant } from '../../../src/base/quantity.ts';
import type { Snapshot } from '../../../src/serving/snapshot.ts';
import { show } from '../../parts/figure/show.ts';
import { engine, frame, furthest, looking, opened } from '../../state/run.ts';
import { runText } from './text.ts';

const speeds = [0.05, 0.25, 1, 4, 16, 64] as const;

/** When the run will be over, by how many of its requests have come; the end itself once it is known. Until some have come it is as far away again. [s] */
const end: ReadonlySignal<number> = computed(() => {
  const [now, all] = [frame.value, opened.value?.requests ?? 0];
  if (now === undefined) return 1;
  const expected = now.counts.arrived > 50 ? (now.at * all) / now.counts.arrived : 0;
  const rounded = expected === 0 ? 2 * now.at : Number(expected.toPrecision(1)) * (Number(expected.toPrecision(1)) < expected ? 1.5 : 1);
  return Math.max(furthest.value, now.done ? now.at : rounded, 1);
});

/** Play and pause, the time, and how fast it goes. */
export function Controls(): JSX.Element | null {
  const text = runText();
  const now = frame.value;
  if (now === undefined) return null;
  if (looking.value !== undefined)
    return (
      <section class="controls" aria-label={text.title}>
        <span class="live" role="status" data-lost={looking.value.lost}>
          {looking.value.lost ? text.lost : text.live}
        </span>
        <Clock at={now.at} />
        {now.speed === 1 ? undefined : <span class="quiet">{text.speedOf(String(now.speed))}</span>}
        <Counts counts={now.counts} all={undefined} />
      </section>
    );
  const toggle = now.playing ? text.pause : now.done ? text.again : text.play;
  return (
    <section class="controls" aria-label={text.title}>
      <button type="button" class="primary play" aria-label={toggle} title={toggle} onClick={() => void engine.ask(now.playing ? 'pause' : 'play')}>
        {now.playing ? '❚❚' : '▶'}
      </button>
      <Clock at={now.at} />
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
      <Counts counts={now.counts} all={opened.value?.requests ?? 0} />
    </section>
  );
}

function Clock({ at }: { readonly at: number }): JSX.Element {
  return (
    <span class="clock" role="timer" data-testid="time" aria-label={runText().time}>
      {significant(at, at < 10 ? 3 : 4)} s
    </span>
  );
}

/** What became of the requests so far. @param all how many there will be, where that is known */
function Counts({ counts, all }: { readonly counts: Snapshot; readonly all: number | undefined }): JSX.Element {
  const text = runText();
  const { arrived, finished, waiting, running, failed, rejected } = counts;
  return (
    <p class="counts">
      <span>{text.requests(show.count(finished), show.count(arrived), all === undefined ? undefined : show.count(all))}</span>
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
  );
}
