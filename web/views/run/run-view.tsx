import type { JSX } from 'preact';
import { engine, frame, opened } from '../../state/run.ts';
import { shellText } from '../../text/shell.ts';

/** The run as it plays. */
export function View(): JSX.Element {
  const now = frame.value;
  if (opened.value === undefined || now === undefined) return <p class="quiet">{shellText().starting}</p>;
  return (
    <section>
      <button type="button" onClick={() => void engine.ask(now.playing ? 'pause' : 'play')}>
        {now.playing ? '❚❚' : '▶'}
      </button>{' '}
      <output data-testid="time">{now.at.toFixed(2)} s</output> · {now.counts.finished} / {now.counts.arrived}
    </section>
  );
}
