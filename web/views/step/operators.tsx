import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { formatTime } from '../../../src/base/quantity.ts';
import type { StepData } from '../../../src/report/step/data.ts';
import { categoryOf, colourOf } from './categories.ts';
import { stepText } from './text.ts';

const first = 6;

/** The operators that the iteration is made of: those that answer for most of it. */
export function Operators({ step }: { readonly step: StepData }): JSX.Element {
  const text = stepText();
  const all = useSignal(false);
  const sorted = step.operators.toSorted((a, b) => b.exposed - a.exposed);
  const rows = all.value ? sorted : sorted.slice(0, first);
  const most = sorted[0]?.exposed ?? 1;
  return (
    <div class="card">
      <h2>{text.operators}</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label={text.operators}>
        <table class="rows wide operators">
          <thead>
            <tr>
              <th scope="col">{text.columns.operator}</th>
              <th scope="col">{text.columns.stream}</th>
              <th scope="col">{text.columns.bound}</th>
              <th scope="col" class="right">
                {text.columns.one}
              </th>
              <th scope="col" class="right">
                {text.columns.step}
              </th>
              <th scope="col" class="share">
                {text.columns.share}
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((one, i) => (
              <tr key={i}>
                <th scope="row">
                  <i class="dot" style={{ background: colourOf[categoryOf(one.stage)] }} />
                  {one.name} <small class="quiet">{one.group}</small>
                </th>
                <td>{one.stream}</td>
                <td>{text.boundShort[one.bound]}</td>
                <td class="right">{formatTime(one.time)}</td>
                <td class="right">{formatTime(one.exposed)}</td>
                <td class="share">
                  <span class="meter">
                    <i style={{ width: `${(one.exposed / most) * 100}%`, background: colourOf[categoryOf(one.stage)] }} />
                  </span>
                  {((one.exposed / step.time) * 100).toFixed(1)} %
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {sorted.length <= first ? undefined : (
        <button type="button" class="link more" aria-expanded={all.value} onClick={() => (all.value = !all.value)}>
          {all.value ? text.fewer : text.all(sorted.length)}
        </button>
      )}
    </div>
  );
}
