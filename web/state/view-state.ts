import { signal, type Signal } from '@preact/signals';

/** What views say of themselves in the address, by key: sliders that were moved, runs that are compared. Each view has keys of its own. */
export const viewState: Signal<Readonly<Record<string, string>>> = signal({});

/** Sets a key, or takes it away. */
export function setViewState(key: string, value: string | undefined): void {
  const { [key]: _before, ...others } = viewState.peek();
  viewState.value = value === undefined ? others : { ...others, [key]: value };
}
