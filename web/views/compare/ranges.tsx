import type { JSX } from 'preact';
import { formatQuantity, formatTime, significant } from '../../../src/base/quantity.ts';
import { colourOf } from './colours.ts';
import { Letter } from './letter.tsx';
import { metricNames, metricOf, moreIsBetter, type Drawn, type MetricName } from './metrics.ts';
import { entries } from './state.ts';
import { compareText } from './text.ts';

const words: Readonly<Record<MetricName, (value: number) => string>> = {
  user: (value) => `${significant(value)} tok/s`,
  chip: (value) => `${significant(value)} tok/s`,
  dollar: (value) => formatQuantity(value, 'tok/$'),
  megawatt: (value) => formatQuantity(value, 'tok/s'),
  ttft: (value) => formatTime(value),
  tpot: (value) => formatTime(value),
  joule: (value) => `${significant(value)} J`,
  goodput: (value) => `${significant(value)} req/s`,
};

/** Small multiples: a metric each, a row for each that is compared, its interval as a bar. */
export function Ranges(): JSX.Element {
  const text = compareText();
  return (
    <section class="card">
      <h2>{text.ranges}</h2>
      <p class="quiet small">{text.rangesAbout}</p>
      <div class="multiples small-ones">
        {metricNames.map((name) => (
          <Metric key={name} name={name} />
        ))}
      </div>
    </section>
  );
}

function Metric({ name }: { readonly name: MetricName }): JSX.Element | null {
  const text = compareText();
  const rows = entries.value.map(({ state, summary }) => ({ label: state.name, drawn: summary === undefined ? undefined : metricOf(summary, name) }));
  const known = rows.flatMap(({ drawn }) => (drawn === undefined ? [] : [drawn]));
  if (known.length === 0) return null;
  const most = Math.max(...known.map(({ value, high = value }) => high));
  const best = moreIsBetter[name] ? Math.max(...known.map(({ value }) => value)) : Math.min(...known.map(({ value }) => value));
  return (
    <table class="ranges">
      <caption>
        {text.metrics[name]} <small class="quiet">{moreIsBetter[name] ? text.more : text.less}</small>
      </caption>
      <tbody>
        {rows.map(({ label, drawn }, i) => (
          <tr key={i}>
            <th scope="row">
              <Letter place={i} />
              <span class="unseen">{label}</span>
            </th>
            <td class="range-cell">
              <Bar drawn={drawn} most={most} colour={colourOf(i)} />
            </td>
            <td
              class="right"
              title={drawn?.low === undefined || drawn.high === undefined ? undefined : `${words[name](drawn.low)} – ${words[name](drawn.high)}`}
            >
              {drawn === undefined ? (
                text.noFigure
              ) : known.length > 1 && drawn.value === best ? (
                <strong>{words[name](drawn.value)}</strong>
              ) : (
                words[name](drawn.value)
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Bar({ drawn, most, colour }: { readonly drawn: Drawn | undefined; readonly most: number; readonly colour: string }): JSX.Element {
  const at = (value: number): string => `${(value / most) * 100}%`;
  return (
    <span class="range-track" aria-hidden="true">
      {drawn?.low === undefined || drawn.high === undefined ? undefined : (
        <i class="range-bar" style={{ left: at(drawn.low), width: at(drawn.high - drawn.low), background: colour }} />
      )}
      {drawn === undefined ? undefined : <i class="range-dot" style={{ left: at(drawn.value), background: colour }} />}
    </span>
  );
}
