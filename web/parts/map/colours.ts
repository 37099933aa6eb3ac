import { computed, type ReadonlySignal } from '@preact/signals';
import { dark } from '../../state/preferences.ts';
import { tokens, type Palette } from './ramp.ts';

/** What the tokens stand for now: canvases and charts follow it. */
export const colours: ReadonlySignal<Palette> = computed(() => {
  void dark.value;
  return palette();
});

function palette(): Palette {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(tokens.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Palette;
}
