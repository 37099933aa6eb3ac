import type { JSX } from 'preact';
import { formatTime } from '../../../src/base/quantity.ts';
import type { StepData } from '../../../src/report/step/data.ts';
import { categories, categoryOf, colourOf } from './categories.ts';
import { stepText } from './text.ts';

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** The critical path by stage. */
export function Where({ step }: { readonly step: StepData }): JSX.Element {
  const text = stepText();
  const stages = step.stages
    .map((stage) => ({ ...stage, category: categoryOf(stage.name) }))
    .toSorted((a, b) => categories.indexOf(a.category) - categories.indexOf(b.category));
  return (
    <div class="card">
      <h2>{text.where}</h2>
      <p class="quiet small">{text.whereHint}</p>
      <div class="stack" aria-hidden="true">
        {stages.map(({ name, share, category }) => (
          <i key={name} style={{ width: `${share * 100}%`, background: colourOf[category] }} title={`${name} ${percent(share)}`} />
        ))}
      </div>
      <table class="rows">
        <tbody>
          {stages
            .toSorted((a, b) => b.share - a.share)
            .map(({ name, time, share, category }) => (
              <tr key={name}>
                <th scope="row">
                  <i class="dot" style={{ background: colourOf[category] }} />
                  {name}
                </th>
                <td class="right">{formatTime(time)}</td>
                <td class="right quiet">{percent(share)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}
