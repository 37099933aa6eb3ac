import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Life } from '../../../src/report/records/life.ts';
import { show } from '../../parts/figure/show.ts';
import { typed } from '../../parts/typed.ts';
import { desk, frame } from '../../state/run.ts';
import type { EndedRequest } from '../../../src/report/live/frame.ts';
import { phasesOf } from './phases.ts';
import { runText } from './text.ts';

const shown = 12;

/** The latest requests that ended, and where the time of one went. */
export function Requests(): JSX.Element {
  const text = runText();
  const slowest = useSignal(false);
  const life = useSignal<Life | undefined>(undefined);
  const missing = useSignal('');
  const inspect = async (request: number): Promise<void> => {
    life.value = await desk().inspect(request);
    missing.value = life.value === undefined ? String(request) : '';
  };
  const asked = (event: SubmitEvent): void => {
    const number = typed(event, 'request');
    if (/^\d+$/.test(number)) void inspect(Number(number));
    else missing.value = number;
  };
  const ended = frame.value?.ended ?? [];
  const rows = (slowest.value ? ended.toSorted((a, b) => (b.ttft ?? 0) - (a.ttft ?? 0)) : ended).slice(0, shown);
  return (
    <div class="requests">
      <form onSubmit={asked}>
        <input type="text" inputMode="numeric" name="request" aria-label={text.number} placeholder={text.number} />
        <button>{text.inspect}</button>
        <label>
          <input type="checkbox" checked={slowest.value} onChange={() => (slowest.value = !slowest.value)} /> {text.slowest}
        </label>
        {missing.value === '' ? undefined : <span role="status">{text.noRequest(missing.value)}</span>}
      </form>
      {life.value === undefined ? undefined : <Inspector life={life.value} />}
      <div class="scroll">
        <table>
          <caption>{text.latest}</caption>
          <thead>
            <tr>
              <th scope="col">{text.request}</th>
              <th scope="col" />
              <th scope="col" class="right">
                TTFT
              </th>
              <th scope="col" class="right">
                E2E
              </th>
              <th scope="col" class="right">
                {text.tokens}
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row key={row.request} row={row} inspect={inspect} />
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function Row({ row, inspect }: { readonly row: EndedRequest; readonly inspect: (request: number) => Promise<void> }): JSX.Element {
  const { request, outcome, ttft, e2e, inputTokens, outputTokens } = row;
  return (
    <tr>
      <th scope="row">
        <button type="button" class="link" onClick={() => void inspect(request)}>
          {request}
        </button>
      </th>
      <td>{outcome === 'finished' ? '' : runText().outcome[outcome]}</td>
      <td class="right">{ttft === undefined ? '–' : show.time(ttft)}</td>
      <td class="right">{show.time(e2e)}</td>
      <td class="right">
        {show.count(inputTokens)}, {outputTokens === undefined ? '–' : show.count(outputTokens)}
      </td>
    </tr>
  );
}

/** The life of one request as a bar of phases. */
function Inspector({ life }: { readonly life: Life }): JSX.Element {
  const text = runText();
  const phases = phasesOf(life, frame.peek()?.at ?? life.arrived);
  const total = phases.reduce((sum, { from, to }) => sum + to - from, 0);
  const notes = [
    life.cachedTokens > 0 ? text.cached(show.count(life.cachedTokens)) : undefined,
    life.preemptions > 0 ? text.preemptions(life.preemptions) : undefined,
    life.interruptions > 0 ? text.interruptions(life.interruptions) : undefined,
    life.cause,
  ].filter((note) => note !== undefined);
  return (
    <section class="inspector" aria-live="polite" data-request={life.request}>
      <h3>
        {text.whereTime(life.request)} <small class="quiet">{text.outcome[life.outcome]}</small>
      </h3>
      <div class="phases" aria-hidden="true">
        {phases.map(({ name, from, to }) => (
          <span key={name} class={`phase-${name}`} style={{ flexGrow: String((to - from) / total) }} />
        ))}
      </div>
      <ul>
        {phases.map(({ name, from, to }) => (
          <li key={name} class={`phase-${name}`}>
            {text.phases[name]} <b>{show.time(to - from)}</b>
          </li>
        ))}
      </ul>
      {notes.length === 0 ? undefined : <p class="quiet">{notes.join(' · ')}</p>}
    </section>
  );
}
