import { computed, effect, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { JSX } from 'preact';
import { chipCount, dieCount, type Machine } from '../../../src/catalogue/machine.ts';
import { show } from '../../parts/figure/show.ts';
import { colours } from '../../parts/map/colours.ts';
import { MachineMap } from '../../parts/map/machine-map.tsx';
import { MapBar } from '../../parts/map/map-bar.tsx';
import { mode, plan as runPlan, scene as runScene, selected as runSelected } from '../../parts/map/map-state.ts';
import '../../parts/map/map.css';
import { PartNow } from '../../parts/map/part-now.tsx';
import { planOf, type Part, type Plan } from '../../parts/map/plan.ts';
import { sceneOf, type Scene } from '../../parts/map/scene.ts';
import { containing } from '../../parts/map/walk.ts';
import { catalogue, engine, opened } from '../../state/run.ts';
import { setKey } from '../../state/scenario.ts';
import { shellText } from '../../text/shell.ts';
import './machine.css';
import { PartFacts } from './part-facts.tsx';
import { machineText } from './text.ts';

/** Another machine of the catalogue that is looked at; undefined: that of the scenario. */
const other: Signal<Machine | undefined> = signal(undefined);
const otherPlan: ReadonlySignal<Plan | undefined> = computed(() => (other.value === undefined ? undefined : planOf(other.value)));
const otherSelected: Signal<Part | undefined> = signal(undefined);
const plan: ReadonlySignal<Plan | undefined> = computed(() => otherPlan.value ?? runPlan.value);
const scene: ReadonlySignal<Scene | undefined> = computed(() =>
  otherPlan.value === undefined ? runScene.value : sceneOf(otherPlan.value, colours.value, mode.value),
);
effect(() => {
  void [opened.value];
  other.value = undefined;
});

/** The machine: its map, and what is known of each part. */
export function View(): JSX.Element {
  const text = machineText();
  const machine = other.value ?? opened.value?.machine;
  if (machine === undefined) return <p class="quiet">{shellText().starting}</p>;
  const selected = other.value === undefined ? runSelected : otherSelected;
  const part = selected.value;
  const outer = part === undefined || plan.value === undefined ? undefined : containing(plan.value, part);
  return (
    <div class="machine">
      <section class="card map-card">
        <MapBar plan={plan} selected={selected} />
        <MachineMap plan={plan} scene={scene} selected={selected} />
      </section>
      <section class="card about-machine">
        <Choice machine={machine} />
        <h1>{machine.title}</h1>
        <p class="quiet">{text.counts(show.count(chipCount(machine)), machine.chip.word, show.count(dieCount(machine)), show.count(machine.nodes))}</p>
        <div class="crumb" aria-live="polite">
          <h2>{part?.name ?? text.whole}</h2>
          {part === undefined ? undefined : (
            <button type="button" class="link" onClick={() => (selected.value = outer)}>
              {text.up} {outer?.name ?? machine.title}
            </button>
          )}
        </div>
        {part === undefined ? <p class="quiet">{text.closer}</p> : undefined}
        {part === undefined || other.value !== undefined ? undefined : <PartNow part={part} />}
        <PartFacts machine={machine} part={part} />
      </section>
    </div>
  );
}

/** Which machine is looked at. */
function Choice({ machine }: { readonly machine: Machine }): JSX.Element {
  const text = machineText();
  const own = opened.value?.machine.name;
  const look = async (name: string): Promise<void> => {
    otherSelected.value = undefined;
    other.value = name === '' ? undefined : await engine.ask('machine', { name, files: [] });
  };
  return (
    <div class="choice">
      <select aria-label={text.machine} value={other.value?.name ?? ''} onChange={({ currentTarget }) => void look(currentTarget.value)}>
        <option value="">{text.ofScenario(opened.value?.machine.title ?? '')}</option>
        {(catalogue.value?.entries.machines ?? [])
          .filter(({ name }) => name !== own)
          .map(({ name, title }) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
      </select>
      {other.value === undefined ? undefined : (
        <button type="button" onClick={() => setKey(['machine'], machine.name)}>
          {text.use}
        </button>
      )}
    </div>
  );
}
