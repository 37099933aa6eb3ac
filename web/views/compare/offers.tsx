import type { JSX } from 'preact';
import { catalogue } from '../../state/run.ts';
import { scenario, type ScenarioState } from '../../state/scenario.ts';
import { setViewState } from '../../state/view-state.ts';
import { aboutExample } from '../../text/translated.ts';
import type { Example } from '../../worker/shipped.ts';
import { textOf } from './entries.ts';
import { compareText } from './text.ts';

const most = 4;

/** For a scenario that stands alone: examples of its model; at a click they are compared. */
export function Offers(): JSX.Element {
  const text = compareText();
  const offered = alike(scenario.value, Object.entries(catalogue.value?.examples ?? {}));
  return (
    <section class="card offers">
      <p class="quiet">{text.one}</p>
      {offered.length === 0 ? undefined : (
        <ul>
          {offered.map(([name, { about }]) => (
            <li key={name}>
              <button type="button" title={aboutExample(name, about)} onClick={() => setViewState('with', textOf([`ex:${name}`]))}>
                <b>{name}</b>
                <span class="quiet small">{aboutExample(name, about)}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** Examples with the model of a scenario: first one of each machine, its own machine the last of them. */
function alike(own: ScenarioState | undefined, examples: readonly (readonly [string, Example])[]): readonly (readonly [string, Example])[] {
  const others = examples.filter(([name, { scenario: other }]) => name !== own?.name && other['model'] === own?.value['model']);
  const machines = [...Map.groupBy(others, ([, { scenario: other }]) => other['machine'])].toSorted(
    ([a], [b]) => Number(a === own?.value['machine']) - Number(b === own?.value['machine']),
  );
  return Array.from({ length: most }, (_, turn) => machines.flatMap(([, list]) => list.slice(turn, turn + 1)))
    .flat()
    .slice(0, most);
}
