import { useSignal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { JSX } from 'preact';
import { opened } from '../../state/run.ts';
import { typed } from '../typed.ts';
import { show } from '../figure/show.ts';
import { mode, scene } from './map-state.ts';
import { partNamed, type Part, type Plan } from './plan.ts';
import { modes, type Mode } from './scene.ts';
import { mapText } from './text.ts';

/** What the map is coloured by, what colours mean, and a way to a part by its name. */
export function MapBar({ plan, selected }: { readonly plan: ReadonlySignal<Plan | undefined>; readonly selected: Signal<Part | undefined> }): JSX.Element {
  const text = mapText();
  const unknown = useSignal('');
  const find = (event: SubmitEvent): void => {
    const name = typed(event, 'part');
    const map = plan.peek();
    const part = map === undefined ? undefined : partNamed(map, name);
    unknown.value = part === undefined ? name : '';
    if (part !== undefined) selected.value = part;
  };
  const most = scene.value?.most;
  const byRole = mode.value === 'load' || mode.value === 'role';
  const roles = byRole ? [...new Set((opened.value?.pools ?? []).map(({ role }) => role))] : [];
  return (
    <div class="map-bar">
      <label>
        {text.colour}{' '}
        <select value={mode.value} onChange={({ currentTarget }) => (mode.value = currentTarget.value as Mode)}>
          {modes.map((name) => (
            <option key={name} value={name}>
              {text.modes[name]}
            </option>
          ))}
        </select>
      </label>
      <span class="meaning">
        {text.meaning[mode.value]}
        {most === undefined ? '' : `, ${text.most(show.share(most))}`}
      </span>
      <ul class="legend" aria-hidden="true">
        {[...roles, ...(opened.value?.cache === undefined || !byRole ? [] : (['cache'] as const))].map((role) => (
          <li key={role} style={{ '--key': `var(--${role})` }}>
            {text.legend[role]}
          </li>
        ))}
        {scene.value === undefined || scene.value.struck.length === 0 ? undefined : <li style={{ '--key': 'var(--bad)' }}>{text.legend.struck}</li>}
      </ul>
      <form onSubmit={find}>
        <input
          type="text"
          name="part"
          aria-label={text.find}
          placeholder={text.findHint(plan.value?.machine.chip.word.toLowerCase() ?? 'chip')}
          aria-invalid={unknown.value !== ''}
        />
        {unknown.value === '' ? undefined : (
          <span class="wrong" role="status">
            {text.unknown(unknown.value)}
          </span>
        )}
      </form>
    </div>
  );
}
