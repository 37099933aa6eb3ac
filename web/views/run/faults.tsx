import { signal, useSignal, type Signal } from '@preact/signals';
import type { JSX } from 'preact';
import { InputError } from '../../../src/base/errors.ts';
import { show } from '../../parts/figure/show.ts';
import { selected } from '../../parts/map/map-state.ts';
import { desk, engine, forgetAhead, frame, looking, opened, type Fault } from '../../state/run.ts';
import { keyAt, scenario, setKey } from '../../state/scenario.ts';
import { inWords } from '../../text/translated.ts';
import { runText } from './text.ts';

type Cause = Fault['cause'];
const durations = [2, 10, 60] as const;

/** What was made to fail by hand, as entries of a scenario's `faults`. */
const byHand: Signal<readonly Readonly<Record<string, string>>[]> = signal([]);
opened.subscribe(() => {
  byHand.value = [];
});

/** Makes a part fail now. */
async function strike(cause: Cause, part: string, duration: number | undefined): Promise<void> {
  const named = cause === 'slow' ? `${part}:50%` : part;
  const at = await desk().strike({ cause, part: named, ...(duration === undefined ? {} : { duration }) });
  byHand.value = [...byHand.value, { at: `${at} s`, [cause]: named, ...(duration === undefined ? {} : { for: `${duration} s` }) }];
  if (looking.peek() === undefined) forgetAhead();
}

/** Makes what failed by hand part of the scenario, so that it is shared and saved with it. */
function keep(): void {
  const stated = keyAt(scenario.peek()?.value, ['faults']);
  setKey(['faults'], [...(Array.isArray(stated) ? (stated as readonly unknown[]) : []), ...byHand.peek()]);
}

/** Buttons that make the chosen part fail. @param part by its name; absent: one that is typed */
export function FaultActions({ part }: { readonly part?: string | undefined }): JSX.Element {
  const text = runText();
  const duration = useSignal<number | undefined>(10);
  const typed = useSignal('');
  const wrong = useSignal<readonly string[]>([]);
  const act = async (cause: Cause): Promise<void> => {
    try {
      await strike(cause, part ?? typed.value, duration.value);
      wrong.value = [];
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      wrong.value = error.issues.map(({ message }) => message);
    }
  };
  return (
    <div class="fault-actions">
      {part === undefined ? (
        <input
          type="text"
          aria-label={text.part}
          placeholder="npu 17, l2 3 …"
          value={typed.value}
          aria-invalid={wrong.value.length > 0}
          onInput={({ currentTarget }) => {
            typed.value = currentTarget.value;
            wrong.value = [];
          }}
        />
      ) : undefined}
      <label>
        {text.for}{' '}
        <select
          value={duration.value === undefined ? '' : String(duration.value)}
          onChange={({ currentTarget }) => (duration.value = currentTarget.value === '' ? undefined : Number(currentTarget.value))}
        >
          {durations.map((seconds) => (
            <option key={seconds} value={String(seconds)}>
              {seconds} s
            </option>
          ))}
          <option value="">{text.good}</option>
        </select>
      </label>
      {(['kill', 'slow', 'hang'] as const).map((cause) => (
        <button
          key={cause}
          type="button"
          class={cause === 'kill' ? 'danger' : ''}
          disabled={part === undefined && typed.value.trim() === ''}
          onClick={() => void act(cause)}
        >
          {text.causes[cause]}
        </button>
      ))}
      {wrong.value.length === 0 ? undefined : (
        <span class="bad" role="alert">
          {wrong.value.map(inWords).join('; ')}
        </span>
      )}
    </div>
  );
}

/** What has failed, and what became of it. */
export function Faults(): JSX.Element {
  const text = runText();
  const columns = text.faultColumns;
  const faults = frame.value?.faults ?? [];
  const reset = async (): Promise<void> => {
    await engine.ask('reset');
    byHand.value = [];
    forgetAhead();
    await engine.ask('play');
  };
  return (
    <div class="faults">
      <p class="quiet">{text.faultsAbout}</p>
      <FaultActions key={selected.value?.name} part={selected.value === undefined || selected.value.kind === 'rack' ? undefined : selected.value.name} />
      {faults.length === 0 ? (
        <p class="quiet">{text.noFaults}</p>
      ) : (
        <>
          <div class="scroll">
            <table>
              <thead>
                <tr>
                  {Object.entries(columns).map(([key, name]) => (
                    <th key={key} scope="col">
                      {name}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {faults.map((fault) => (
                  <tr key={`${fault.at} ${fault.text}`}>
                    <td>{show.time(fault.at)}</td>
                    <th scope="row">
                      {fault.text} <span class="quiet">{text.kinds[fault.kind]}</span>
                    </th>
                    <td>{fault.healedAt === undefined ? '–' : show.time(fault.healedAt)}</td>
                    <td>{fault.restoredAt === undefined ? '–' : show.time(fault.restoredAt)}</td>
                    <td>{fault.instances}</td>
                    <td>{fault.interrupted}</td>
                    <td>{fault.failed}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {byHand.value.length === 0 ? undefined : (
            <p class="fault-actions">
              <button type="button" onClick={keep}>
                {text.keep}
              </button>
              {looking.value === undefined ? (
                <button type="button" onClick={() => void reset()}>
                  {text.reset}
                </button>
              ) : undefined}
            </p>
          )}
        </>
      )}
    </div>
  );
}
