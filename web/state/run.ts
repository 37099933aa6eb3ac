import { batch, signal, type Signal } from '@preact/signals';
import { EngineClient } from '../worker/client.ts';
import type { Catalogued } from '../worker/catalogued.ts';
import type { Frame, Series } from '../worker/frame.ts';
import type { Opened } from '../worker/opened.ts';

/** What is shipped; undefined until the engine is there. */
export const catalogue: Signal<Catalogued | undefined> = signal(undefined);

/** The scenario that runs, as it was found to fit. */
export const opened: Signal<Opened | undefined> = signal(undefined);

/** The run at this moment, and over time: as far as it has ever been, where it was set back. */
export const frame: Signal<Frame | undefined> = signal(undefined);
export const series: Signal<Series | undefined> = signal(undefined);

/** By instance the dies that it runs on, where they have moved. */
export const spread: Signal<Frame['spread']> = signal(undefined);

/** How far the run has ever been. [s] */
export const furthest: Signal<number> = signal(0);

/** The one line to the engine. */
export const engine: EngineClient = new EngineClient((next) => {
  batch(() => {
    frame.value = next;
    if (next.at > furthest.peek()) furthest.value = next.at;
    if (next.series === undefined) return;
    spread.value = next.spread;
    const before = series.peek();
    if (before === undefined || next.series.count * next.series.width >= before.count * before.width) series.value = next.series;
  });
});

/** What is known of the run does not hold from here on: something was done to it. */
export function forgetAhead(): void {
  series.value = undefined;
  furthest.value = frame.peek()?.at ?? 0;
}
