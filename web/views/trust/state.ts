import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import ledgerUrl from 'facts:ledger';
import type { CaseKind } from '../../../src/ledger/case.ts';
import { caseKinds } from '../../../src/ledger/case.ts';
import type { Unit } from '../../../src/ledger/measure.ts';
import { viewState } from '../../state/view-state.ts';
import type { Ledger, TrustCase } from './ledger.ts';

export const ledger: Signal<Ledger | undefined> = signal(undefined);

export async function loadLedger(): Promise<void> {
  ledger.value ??= (await (await fetch(ledgerUrl)).json()) as Ledger;
}

export const bases = ['predicted', 'fitted', 'both'] as const;
export type Chosen = (typeof bases)[number];

/** What is chosen, as the address has it. */
export const basis: ReadonlySignal<Chosen> = computed(() => bases.find((one) => one === viewState.value['basis']) ?? 'predicted');
export const kind: ReadonlySignal<CaseKind> = computed(() => caseKinds.find((one) => one === viewState.value['kind']) ?? 'serving');
export const machine: ReadonlySignal<string> = computed(() => viewState.value['machine'] ?? '');
export const words: Signal<string> = signal('');

/** On the chosen basis. */
export const onBasis: ReadonlySignal<readonly TrustCase[]> = computed(() =>
  (ledger.value?.cases ?? []).filter((one) => basis.value === 'both' || one.basis === basis.value),
);

/** Of the chosen kind, on the chosen machine, with the words that were typed. */
export const found: ReadonlySignal<readonly TrustCase[]> = computed(() => {
  const wanted = words.value.toLowerCase().split(/\s+/);
  return onBasis.value.filter(
    (one) =>
      one.kind === kind.value &&
      (machine.value === '' || ledger.value?.machines[one.machine] === machine.value) &&
      wanted.every((word) => `${one.title} ${one.id}`.toLowerCase().includes(word)),
  );
});

/** Units of what was found, the most common one first. */
export const units: ReadonlySignal<readonly Unit[]> = computed(() => {
  const counts = new Map<Unit, number>();
  for (const { unit } of found.value) counts.set(unit, (counts.get(unit) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a).map(([unit]) => unit);
});

export const unit: ReadonlySignal<Unit> = computed(() => units.value.find((one) => one === viewState.value['unit']) ?? units.value[0] ?? 's');

export const chosen: ReadonlySignal<TrustCase | undefined> = computed(() => ledger.value?.cases.find(({ id }) => id === viewState.value['case']));
