import { useSignal, useSignalEffect } from '@preact/signals';
import type { ComponentType, JSX } from 'preact';
import { scenario } from '../state/scenario.ts';
import { view } from '../state/start.ts';
import { shellText } from '../text/shell.ts';
import { loadView, type ViewName } from '../views/views.ts';
import { DropTarget } from './drop-target.tsx';
import { Header } from './header.tsx';
import { Problems } from './problems.tsx';
import { ScenarioBar } from './scenario-bar.tsx';

/** The page: what is around the views, and the one that is shown. */
export function App(): JSX.Element {
  const shown = useSignal<{ readonly name: string; readonly View: ComponentType } | undefined>(undefined);
  const show = async (name: ViewName): Promise<void> => {
    const { View } = await loadView(name);
    if (name === view.peek()) shown.value = { name, View };
  };
  useSignalEffect(() => void show(view.value));
  useSignalEffect(() => {
    document.title = [shellText().views[view.value], scenario.value?.name, 'Supernode'].filter((part) => part !== undefined).join(' · ');
  });
  const { View, name } = shown.value ?? {};
  return (
    <>
      <a class="skip" href="#main" onClick={toMain}>
        {shellText().skip}
      </a>
      <Header />
      <ScenarioBar />
      <Problems />
      <DropTarget />
      <main id="main" tabIndex={-1} data-view={name}>
        {View === undefined ? <p class="quiet">{shellText().loading}</p> : <View />}
      </main>
    </>
  );
}

/** The address belongs to views and scenarios: the focus moves by hand. */
function toMain(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>('#main')?.focus();
}
