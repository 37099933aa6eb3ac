import { InputError } from '../../src/base/errors.ts';
import type { Frame } from '../../src/report/live/frame.ts';
import type { Answers, Ask, AskKind, FromWorker } from './protocol.ts';

type Waiting = { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void };
type Body<Kind extends AskKind> = Omit<Extract<Ask, { ask: Kind }>, 'ask'>;
/** What has nothing that must be said may be asked without a body. */
type Arguments<Kind extends AskKind> = Partial<Body<Kind>> extends Body<Kind> ? [body?: Body<Kind>] : [body: Body<Kind>];

/** The page's end of the line to its engine. */
export class EngineClient {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;

  /** @param onFrame is shown the run as it plays */
  constructor(onFrame: (frame: Frame) => void) {
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    this.#worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
      if (data.kind === 'frame') {
        onFrame(data.frame);
        requestAnimationFrame(() => this.#worker.postMessage({ shown: true }, []));
      } else this.#settle(data);
    });
  }

  /** Told where the engine could not be started. */
  set onBroken(told: (reason: string) => void) {
    this.#worker.addEventListener('error', (event) => {
      told(event.message || 'the engine could not be started');
    });
  }

  /**
   * Asks and waits for the answer.
   * @throws InputError with everything that is wrong with what was asked
   */
  ask<Kind extends AskKind>(kind: Kind, ...[body]: Arguments<Kind>): Promise<Answers[Kind]> {
    const id = this.#asked++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
      this.#worker.postMessage({ id, body: { ask: kind, ...body } }, []);
    });
  }

  #settle(answer: Exclude<FromWorker, { kind: 'frame' }>): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.kind === 'answer') waiting?.resolve(answer.value);
    else waiting?.reject(answer.kind === 'refused' ? new InputError(answer.issues) : new Error(answer.error));
  }
}
