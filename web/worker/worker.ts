import calibrationUrl from 'facts:calibration';
import factsUrl from 'facts:facts';
import { InputError } from '../../src/base/errors.ts';
import { Engine } from './engine.ts';
import { message, type FromWorker } from './protocol.ts';
import type { Shipped } from './shipped.ts';

/** Between two frames. [ms] */
const pause = 16;

/** A worker's own end of the line. */
const port = globalThis as unknown as { postMessage: (message: FromWorker, transfer: Transferable[]) => void };
const json = async (url: string): Promise<unknown> => (await fetch(url)).json();
const engine = Promise.all([json(factsUrl), json(calibrationUrl)]).then(
  ([facts, calibration]) => new Engine({ facts, calibration } as Shipped, SUPERNODE_VERSION, () => performance.now()),
);
let timer: ReturnType<typeof setTimeout> | undefined;

function show(ready: Engine): void {
  timer = undefined;
  const frame = ready.frame();
  if (frame !== undefined) port.postMessage({ kind: 'frame', frame }, []);
  if (ready.moving) timer = setTimeout(show, pause, ready);
}

addEventListener('message', async ({ data }: MessageEvent<unknown>) => {
  const { id } = data as { readonly id: number };
  try {
    const { body } = message.parse(data);
    const ready = await engine;
    const value = await ready.answer(body);
    port.postMessage({ kind: 'answer', id, value }, []);
    timer ??= setTimeout(show, 0, ready);
  } catch (error) {
    if (error instanceof InputError) port.postMessage({ kind: 'refused', id, issues: error.issues }, []);
    else port.postMessage({ kind: 'failed', id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, []);
  }
});
