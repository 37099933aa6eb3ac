import { batch, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { caseKinds } from '../../../src/ledger/case.ts';
import { errorText } from '../../../src/ledger/report.ts';
import { measureText } from '../../../src/ledger/measure.ts';
import { Segments } from '../../parts/field/segments.tsx';
import { setViewState } from '../../state/view-state.ts';
import { Detail } from './detail.tsx';
import { predictedOf, scoreOf, within, type TrustCase } from './ledger.ts';
import { Scatter } from './scatter.tsx';
import { bases, basis, chosen, found, kind, ledger, loadLedger, machine, onBasis, unit, units, words } from './state.ts';
import './trust.css';
import { trustText } from './text.ts';

const first = 8;
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** The ledger: what was measured against what is predicted. */
export function View(): JSX.Element {
  const text = trustText();
  useEffect(() => void loadLedger(), []);
  if (ledger.value === undefined) return <p class="quiet">{text.loading}</p>;
  return (
    <section class="trust">
      <div class="step-head">
        <h1>{text.title}</h1>
        <Segments
          label={text.basis}
          quiet
          options={bases.map((value) => ({ value, text: text.bases[value] }))}
          value={basis.value}
          onChange={(value) => setViewState('basis', value === 'predicted' ? undefined : value)}
        />
      </div>
      <p class="quiet">{text.about(ledger.value.cases.length.toLocaleString('en-US'))}</p>
      <Kinds />
      <div class="trust-columns">
        <div class="card">
          <div class="card-head">
            <h2>{text.chart(text.kinds[kind.value])}</h2>
            {units.value.length < 2 ? undefined : (
              <select aria-label={text.unit} value={unit.value} onChange={({ currentTarget }) => setViewState('unit', currentTarget.value)}>
                {units.value.map((one) => (
                  <option key={one} value={one}>
                    {text.units[one]}
                  </option>
                ))}
              </select>
            )}
          </div>
          <p class="quiet small">{text.chartAbout}</p>
          <Filters />
          <Scatter />
        </div>
        <div class="trust-side">
          {chosen.value === undefined ? undefined : <Detail one={chosen.value} />}
          <List />
        </div>
      </div>
    </section>
  );
}

/** Every kind in a line: a dot for each case along its error. */
function Kinds(): JSX.Element {
  const text = trustText();
  const rows = caseKinds.map((one) => ({ one, cases: onBasis.value.filter((other) => other.kind === one) })).filter(({ cases }) => cases.length > 0);
  return (
    <div class="card scroll" tabIndex={0} role="region" aria-label={text.title}>
      <table class="rows kinds">
        <thead>
          <tr>
            <th scope="col">{text.columns.kind}</th>
            <th scope="col" class="right">
              {text.columns.cases}
            </th>
            <th scope="col" class="right">
              {text.columns.median}
            </th>
            <th scope="col" class="right">
              {text.columns.p90}
            </th>
            <th scope="col" class="right">
              {text.columns.within}
            </th>
            <th scope="col" class="spread">
              {text.columns.spread}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ one, cases }) => {
            const score = scoreOf(cases);
            return (
              <tr key={one} data-on={one === kind.value}>
                <th scope="row">
                  <button
                    type="button"
                    class="link"
                    aria-pressed={one === kind.value}
                    aria-label={text.choose(text.kinds[one])}
                    onClick={() => setViewState('kind', one)}
                  >
                    {text.kinds[one]}
                  </button>
                </th>
                <td class="right">{score.cases}</td>
                <td class="right">
                  <strong>{percent(score.median)}</strong>
                </td>
                <td class="right">{percent(score.p90)}</td>
                <td class="right">
                  {score.within} <small class="quiet">({Math.round((score.within / score.cases) * 100)} %)</small>
                </td>
                <td class="spread">
                  <Strip cases={cases} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

const most = 0.5;

function Strip({ cases }: { readonly cases: readonly TrustCase[] }): JSX.Element {
  const text = trustText();
  const inside = cases.filter(({ error }) => Math.abs(error) <= most);
  const beyond = cases.length - inside.length;
  return (
    <span class="strip-row">
      <svg class="strip" viewBox="-50 0 100 16" preserveAspectRatio="none" aria-hidden="true">
        <rect x={-10} width={20} y={0} height={16} class="band" />
        <line x1={0} x2={0} y1={0} y2={16} class="zero" />
        {inside.map(({ id, error }, i) => (
          <line key={id} class="mark" x1={error * 100} x2={error * 100} y1={2 + (i % 4)} y2={11 + (i % 4)} />
        ))}
      </svg>
      <small class="quiet">{beyond === 0 ? '' : text.beyond(beyond)}</small>
    </span>
  );
}

function Filters(): JSX.Element {
  const text = trustText();
  const machines = [...new Set(onBasis.value.filter((one) => one.kind === kind.value).map((one) => ledger.value?.machines[one.machine] ?? ''))]
    .filter((name) => name !== '')
    .sort((a, b) => (a < b ? -1 : 1));
  return (
    <div class="filters">
      <select aria-label={text.machine} value={machine.value} onChange={({ currentTarget }) => setViewState('machine', currentTarget.value || undefined)}>
        <option value="">{text.everyMachine}</option>
        {machines.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <input
        type="text"
        placeholder={text.find}
        aria-label={text.find}
        value={words.value}
        onInput={({ currentTarget }) => (words.value = currentTarget.value)}
      />
      <span class="keys">
        <span>
          <i style={{ background: 'var(--line-1)' }} />
          {text.inTolerance}
        </span>
        <span>
          <i style={{ background: 'var(--line-2)' }} />
          {text.outside}
        </span>
      </span>
    </div>
  );
}

/** The chart shows figures of the unit of the case that is chosen. */
function choose(one: TrustCase): void {
  batch(() => {
    setViewState('unit', one.unit);
    setViewState('case', one.id);
  });
}

/** The cases as a table, for those who look for one, and for those who cannot see the chart. */
function List(): JSX.Element {
  const text = trustText();
  const all = useSignal(false);
  const sorted = found.value.toSorted((a, b) => Math.abs(b.error) - Math.abs(a.error));
  const rows = all.value ? sorted : sorted.slice(0, first);
  return (
    <div class="card">
      <h2>{text.list}</h2>
      {rows.length === 0 ? <p class="quiet">{text.none}</p> : undefined}
      <table class="rows cases">
        <tbody>
          {rows.map((one) => (
            <tr key={one.id} data-on={one === chosen.value}>
              <th scope="row">
                <button type="button" class="link" onClick={() => choose(one)}>
                  {one.title}
                </button>
                <small class="quiet">
                  {measureText(one.measured, one.unit)} {text.measured}, {measureText(predictedOf(one), one.unit)} {text.predicted}
                </small>
              </th>
              <td class="right" style={{ color: within(one) ? undefined : 'var(--warn)' }}>
                {errorText(one.error, one.unit)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {sorted.length <= first ? undefined : (
        <button type="button" class="link more" aria-expanded={all.value} onClick={() => (all.value = !all.value)}>
          {all.value ? text.fewer : text.all(sorted.length)}
        </button>
      )}
    </div>
  );
}
