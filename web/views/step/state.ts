import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { StepFlags } from '../../../schema/step/flags.ts';
import { InputError, type Issue } from '../../../src/base/errors.ts';
import type { StepData } from '../../../src/report/step/data.ts';
import { engine } from '../../state/run.ts';
import { failure, scenario, type ScenarioState } from '../../state/scenario.ts';
import { viewState } from '../../state/view-state.ts';
import type { PoolKnobs } from '../../worker/step/knobs.ts';
import { flagsOf } from './flags.ts';

/** The iterations of the scenario's pools. */
export const pools: Signal<readonly PoolKnobs[]> = signal([]);

/** The one that is shown. */
export const pool: ReadonlySignal<PoolKnobs | undefined> = computed(() => pools.value[Number(viewState.value['pool'] ?? 0)] ?? pools.value[0]);

/** It, with what the sliders change of it, as flags of the command line. */
export const flags: ReadonlySignal<StepFlags | undefined> = computed(() => (pool.value === undefined ? undefined : flagsOf(pool.value, viewState.value)));

/** The last answer; it stays until the next one is there. */
export const step: Signal<StepData | undefined> = signal(undefined);

/** What is wrong with what is asked now. */
export const stepIssues: Signal<readonly Issue[]> = signal([]);

/** How long sliders have to rest until intervals are drawn. [ms] */
const rest = 250;

let asked: { readonly flags: StepFlags; readonly whole: boolean } | undefined;
let busy = false;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Asks for the pools of a scenario; where it is refused, those of the last one stay. */
export async function findPools(now: ScenarioState): Promise<void> {
  try {
    const found = await engine.ask('pools', { name: now.name, scenario: now.value, files: [...now.files] });
    if (scenario.peek() === now) pools.value = found;
  } catch (error) {
    // The frame around the views says what is wrong with a scenario.
    if (!(error instanceof InputError)) fail(error);
  }
}

/** Prices at once, and with intervals when nothing has been asked for a while. While an answer is awaited the latest question waits. */
export function price(wanted: StepFlags): void {
  asked = { flags: wanted, whole: false };
  void work();
  clearTimeout(timer);
  timer = setTimeout(() => {
    asked = { flags: wanted, whole: true };
    void work();
  }, rest);
}

async function work(): Promise<void> {
  if (busy) return;
  busy = true;
  while (asked !== undefined) {
    const { flags: now, whole } = asked;
    asked = undefined;
    try {
      const files = [...(scenario.peek()?.files ?? [])];
      step.value = await engine.ask('step', { flags: { ...now }, files, whole });
      stepIssues.value = [];
    } catch (error) {
      if (error instanceof InputError) stepIssues.value = error.issues;
      else fail(error);
    }
  }
  busy = false;
}

function fail(error: unknown): void {
  failure.value = error instanceof Error ? (error.stack ?? error.message) : String(error);
}
