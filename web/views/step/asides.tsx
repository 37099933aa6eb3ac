import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { formatQuantity, formatTime } from '../../../src/base/quantity.ts';
import type { StepData } from '../../../src/report/step/data.ts';
import type { Improvement } from '../../../src/cost/improvements.ts';
import { stepPart } from '../../text/translated.ts';
import { commandOf } from './flags.ts';
import { flags } from './state.ts';
import { stepText } from './text.ts';

const shown = 6;

/** What would help, as it was when the sliders last rested. */
export function Helps({ step }: { readonly step: StepData }): JSX.Element {
  const text = stepText();
  const kept = useSignal<readonly Improvement[]>([]);
  if (step.improvements !== undefined && step.improvements !== kept.peek()) kept.value = step.improvements;
  const rows = kept.value.slice(0, shown);
  const most = Math.max(...rows.map(({ gain }) => Math.abs(gain)), 0.01);
  return (
    <div class="card" data-stale={step.improvements === undefined}>
      <h2>{text.helps}</h2>
      <p class="quiet small">{text.helpsHint}</p>
      <table class="rows">
        <tbody>
          {rows.map(({ name, gain, time }) => (
            <tr key={name}>
              <th scope="row">{stepPart(name)}</th>
              <td class="share">
                <span class="meter">
                  <i style={{ width: `${(Math.max(0, gain) / most) * 100}%`, background: 'var(--good)' }} />
                </span>
                {gain >= 0 ? '+' : '−'}
                {(Math.abs(gain) * 100).toFixed(1)} %
              </td>
              <td class="right quiet">{formatTime(time)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What a die keeps in its memory. */
export function Memory({ step }: { readonly step: StepData }): JSX.Element {
  const text = stepText();
  const { capacity, kvInUse, kvBlocks, blockTokens, kvBytesPerToken } = step.memory;
  const parts = largest(step.memory.parts, text.others);
  return (
    <div class="card">
      <h2>{text.memory}</h2>
      <p class="quiet small">{text.memoryOf(formatQuantity(kvInUse, 'B'), formatQuantity(kvBlocks * blockTokens * kvBytesPerToken, 'B'))}</p>
      <table class="rows">
        <tbody>
          {parts.map(({ name, bytes }) => (
            <tr key={name}>
              <th scope="row">{stepPart(name)}</th>
              <td class="share">
                <span class="meter">
                  <i style={{ width: `${(bytes / capacity) * 100}%` }} />
                </span>
                {((bytes / capacity) * 100).toFixed(1)} %
              </td>
              <td class="right quiet">{formatQuantity(bytes, 'B')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

type Part = StepData['memory']['parts'][number];

/** The largest parts, and the rest as one. */
function largest(parts: readonly Part[], others: (count: number) => string): readonly Part[] {
  const sorted = parts.toSorted((a, b) => b.bytes - a.bytes);
  const rest = sorted.slice(shown);
  return rest.length < 2 ? sorted : [...sorted.slice(0, shown), { name: others(rest.length), bytes: rest.reduce((sum, { bytes }) => sum + bytes, 0) }];
}

export function Doubts({ step }: { readonly step: StepData }): JSX.Element | null {
  const text = stepText();
  if (step.doubts.length === 0) return null;
  return (
    <details class="card">
      <summary>
        {text.doubts} ({step.doubts.length})
      </summary>
      <ul class="small">
        {step.doubts.map(({ rule, where, message }) => (
          <li key={`${rule} ${where} ${message}`}>
            <code>{rule}</code> ({where}): {message}
          </li>
        ))}
      </ul>
    </details>
  );
}

/** The same iteration for the command line. */
export function Command(): JSX.Element {
  const text = stepText();
  const command = flags.value === undefined ? '' : commandOf(flags.value);
  return (
    <details class="card">
      <summary>{text.command}</summary>
      <div class="command">
        <code data-testid="command">{command}</code>
        <button type="button" onClick={() => void navigator.clipboard.writeText(command)}>
          {text.copy}
        </button>
      </div>
    </details>
  );
}
