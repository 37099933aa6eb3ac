import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { frame, opened, spread } from '../../state/run.ts';
import { colours } from './colours.ts';
import { diesOf, type DiesOf } from './flights.ts';
import { planOf, type Part, type Plan } from './plan.ts';
import { dieUses, sceneOf, type DieUse, type Mode, type Scene } from './scene.ts';

/** The map of the machine that runs: all views show the same one. */
export const plan: ReadonlySignal<Plan | undefined> = computed(() => (opened.value === undefined ? undefined : planOf(opened.value.machine)));

export const mode: Signal<Mode> = signal<Mode>('load');

/** The part that is chosen on the map that is there. */
export const selected: Signal<Part | undefined> = signal(undefined);
plan.subscribe(() => {
  selected.value = undefined;
});

/** Who runs on which die. */
export const uses: ReadonlySignal<readonly (DieUse | undefined)[]> = computed(() => (opened.value === undefined ? [] : dieUses(opened.value, spread.value)));
export const spans: ReadonlySignal<DiesOf> = computed(() => diesOf(uses.value));

export const scene: ReadonlySignal<Scene | undefined> = computed(() =>
  plan.value === undefined ? undefined : sceneOf(plan.value, colours.value, mode.value, opened.value, frame.value, uses.value),
);
