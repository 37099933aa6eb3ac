import { batch, signal, type Signal } from '@preact/signals';
import { EngineClient } from '../worker/client.ts';
import type { Catalogued } from '../worker/catalogued.ts';
import type { Frame, Series, StepRecord } from '../../src/report/live/frame.ts';
import type { Opened } from '../../src/report/live/opened.ts';
import type { Life } from '../../src/report/records/life.ts';

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

/** Shows the run as it is in a frame. */
export function showFrame(next: Frame): void {
  batch(() => {
    frame.value = next;
    if (next.at > furthest.peek()) furthest.value = next.at;
    if (next.series === undefined) return;
    spread.value = next.spread;
    const before = series.peek();
    if (before === undefined || next.series.count * next.series.width >= before.count * before.width) series.value = next.series;
  });
}

/** The one line to the engine. */
export const engine: EngineClient = new EngineClient((next) => {
  if (looking.peek() === undefined) showFrame(next);
});

/** A part that is made to fail. */
export interface Fault {
  readonly cause: 'kill' | 'hang' | 'slow';
  readonly part: string;
  /** [s]; absent: for good. */
  readonly duration?: number | undefined;
}

/** Whoever has the run that is shown. */
export interface RunDesk {
  /** Where the time of a request went; undefined for one that is not known. */
  readonly inspect: (request: number) => Promise<Life | undefined>;
  /** Iterations of the last so many seconds. */
  readonly iterations: (seconds: number) => Promise<readonly StepRecord[]>;
  /** Makes a part fail now, and returns the simulated time. @throws InputError for a part that is not there */
  readonly strike: (fault: Fault) => Promise<number>;
}

/** The run of an emulator that the page looks on at, and whether it answers; absent: the page has a run of its own. */
export interface Looking {
  readonly desk: RunDesk;
  readonly lost: boolean;
}
export const looking: Signal<Looking | undefined> = signal(undefined);

const own: RunDesk = {
  inspect: (request) => engine.ask('inspect', { request }),
  iterations: (seconds) => engine.ask('iterations', { seconds }),
  strike: (fault) => engine.ask('fault', { fault }),
};

/** Whoever has the run that is shown: the engine of the page, or an emulator. */
export function desk(): RunDesk {
  return looking.peek()?.desk ?? own;
}

/** What is known of the run does not hold from here on: something was done to it. */
export function forgetAhead(): void {
  series.value = undefined;
  furthest.value = frame.peek()?.at ?? 0;
}
