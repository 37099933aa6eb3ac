import { signal, type Signal } from '@preact/signals';
import { EngineClient } from '../worker/client.ts';
import type { Catalogued } from '../worker/catalogued.ts';
import type { Frame, Series } from '../worker/frame.ts';
import type { Opened } from '../worker/opened.ts';

/** What is shipped; undefined until the engine is there. */
export const catalogue: Signal<Catalogued | undefined> = signal(undefined);

/** The scenario that runs, as it was found to fit. */
export const opened: Signal<Opened | undefined> = signal(undefined);

/** The run at this moment, and over time. */
export const frame: Signal<Frame | undefined> = signal(undefined);
export const series: Signal<Series | undefined> = signal(undefined);

/** The one line to the engine. */
export const engine: EngineClient = new EngineClient((next) => {
  frame.value = next;
  if (next.series !== undefined) series.value = next.series;
});
