import './checks.ts';
import { fetchedFacts } from './fetched-facts.ts';
import cellGroups from 'facts:calibration';
import { InputError } from '../../src/base/errors.ts';
import { Calibration, type CellFiles } from './calibration.ts';
import { Engine } from './engine.ts';
import { message, type FromWorker } from './protocol.ts';

/** Between two frames. [ms] */
const pause = 16;

/** A worker's own end of the line. */
const port = globalThis as unknown as { postMessage: (message: FromWorker, transfer: Transferable[]) => void };
const json = async (url: string): Promise<unknown> => (await fetch(url)).json();
const calibration = new Calibration(cellGroups.map(({ generation, chips, url }) => ({ generation, chips, load: async () => (await json(url)) as CellFiles })));
const engine = fetchedFacts.then((facts) => new Engine(facts, calibration, SUPERNODE_VERSION, () => performance.now()));
let timer: ReturnType<typeof setTimeout> | undefined;
/** A frame was sent and is not on the screen yet. */
let unseen = false;
/** Something has changed since the last frame. */
let due = false;

/** Lets time go by, and shows where the run is if the page is ready for it. */
function go(ready: Engine): void {
  timer = undefined;
  due = ready.tick() || due;
  const frame = due && !unseen ? ready.frame() : undefined;
  if (frame !== undefined) {
    port.postMessage({ kind: 'frame', frame }, []);
    [unseen, due] = [true, false];
  }
  if (ready.moving) timer = setTimeout(go, pause, ready);
}

addEventListener('message', async ({ data }: MessageEvent<unknown>) => {
  const { id = -1 } = data as { readonly id?: number };
  try {
    const asked = message.parse(data);
    const ready = await engine;
    if ('shown' in asked) unseen = false;
    else {
      const value = await ready.answer(asked.body);
      port.postMessage({ kind: 'answer', id, value }, []);
      due = true;
    }
    timer ??= setTimeout(go, 0, ready);
  } catch (error) {
    if (error instanceof InputError) port.postMessage({ kind: 'refused', id, issues: error.issues }, []);
    else port.postMessage({ kind: 'failed', id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, []);
  }
});
