import type { JSX } from 'preact';
import { errorText } from '../../../src/ledger/report.ts';
import { measureText } from '../../../src/ledger/measure.ts';
import { setViewState } from '../../state/view-state.ts';
import { predictedOf, type TrustCase } from './ledger.ts';
import { ledger } from './state.ts';
import { trustText } from './text.ts';

/** One case: both figures, where the measured one is from, what is assumed, and why the twin is off. */
export function Detail({ one }: { readonly one: TrustCase }): JSX.Element {
  const text = trustText();
  const { documents = [], machines = [], notes = [] } = ledger.value ?? {};
  const { detail } = text;
  const predicted = predictedOf(one);
  const words = (value: number): string => measureText(value, one.unit);
  const ends = one.interval?.map((factor) => factor * predicted);
  const [low = NaN, high = NaN] = ends ?? [];
  return (
    <article class="card detail" aria-live="polite">
      <h2>
        {one.title}
        <button type="button" class="remove" aria-label={detail.close} onClick={() => setViewState('case', undefined)}>
          ✕
        </button>
      </h2>
      <dl class="figures">
        <div>
          <dt>{text.table.measured}</dt>
          <dd>{words(one.measured)}</dd>
        </div>
        <div>
          <dt>{text.table.predicted}</dt>
          <dd>{words(predicted)}</dd>
        </div>
        <div>
          <dt>{text.table.error}</dt>
          <dd>{errorText(one.error, one.unit)}</dd>
        </div>
      </dl>
      <dl class="facts">
        <dt>{detail.source}</dt>
        <dd lang="en">
          {documents[one.document]}
          {one.place === undefined ? '' : `, ${one.place}`} <small class="quiet">({detail.tag[one.tag as keyof typeof detail.tag] ?? one.tag})</small>
        </dd>
        <dt>{text.basis}</dt>
        <dd>
          {detail.basis[one.basis]}
          {machines[one.machine] === '' ? '' : ` · ${machines[one.machine] ?? ''}`}
        </dd>
        <dt>{detail.tolerance}</dt>
        <dd>{one.tolerance === 0 ? '0' : `${+(one.tolerance * 100).toFixed(1)} ${one.unit === '%' ? 'pt' : '%'}`}</dd>
        {ends === undefined ? undefined : (
          <>
            <dt>{detail.interval}</dt>
            <dd>
              {words(low)} – {words(high)}: {low <= one.measured && one.measured <= high ? detail.inside : detail.apart}
            </dd>
          </>
        )}
        {one.missing === undefined ? undefined : (
          <>
            <dt>{detail.missing}</dt>
            <dd lang="en">{notes[one.missing]}</dd>
          </>
        )}
        {one.assumes === undefined ? undefined : (
          <>
            <dt>{detail.assumes}</dt>
            <dd lang="en">{one.assumes.map((note) => notes[note]).join(' ')}</dd>
          </>
        )}
        <dt>{detail.file}</dt>
        <dd>
          <code>validation/cases/{one.file}</code>
        </dd>
      </dl>
    </article>
  );
}
