import { createParser } from 'eventsource-parser';
import { InputError } from '../../src/base/errors.ts';
import { frameFrom } from '../../src/report/live/frame-text.ts';
import type { Frame, StepRecord } from '../../src/report/live/frame.ts';
import type { Opened } from '../../src/report/live/opened.ts';
import type { Life } from '../../src/report/records/life.ts';
import { asState } from './link.ts';
import type { Fault, RunDesk } from './run.ts';
import type { ScenarioState } from './scenario.ts';

/** After which the page tries again to look on. [ms] */
const again = 2000;

/** What a page is told of the run that it looks on at. */
export interface Onlooking {
  /** The run is there, from the beginning or again after it was lost. */
  readonly opened: (opened: Opened) => void;
  readonly frame: (frame: Frame) => void;
  /** The emulator does not answer, or ended the run. */
  readonly lost: () => void;
}

/** The run of an emulator, which `supernode emulate --dashboard` serves beside the page. */
export class LiveRun implements RunDesk {
  readonly #base: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #end = new AbortController();

  /** @param base where the emulator is, relative to the page @param token what lets in, where something is asked for */
  constructor(base: string, token?: string) {
    this.#base = new URL(base.endsWith('/') ? base : `${base}/`, location.href.split('#')[0]);
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  /** The scenario that is emulated. @throws where there is no emulator */
  async scenario(): Promise<ScenarioState> {
    const state = asState(await this.#get('admin/run/scenario'));
    if (state === undefined) throw new Error(`${this.#base.href} emulates no scenario`);
    return state;
  }

  /** Tells of the run until it is closed. */
  async look(on: Onlooking): Promise<void> {
    while (!this.#end.signal.aborted) {
      try {
        await this.#look(on);
      } catch {
        // Whatever went wrong with the line: it is tried again.
      }
      if (this.#end.signal.aborted) return;
      on.lost();
      await new Promise((resolve) => {
        setTimeout(resolve, again);
      });
    }
  }

  close(): void {
    this.#end.abort();
  }

  async inspect(request: number): Promise<Life | undefined> {
    return ((await this.#told(`admin/run/request?number=${request}`)) as Life | null) ?? undefined;
  }

  async iterations(seconds: number): Promise<readonly StepRecord[]> {
    return ((await this.#told(`admin/run/iterations?seconds=${seconds}`)) as readonly StepRecord[] | undefined) ?? [];
  }

  /** @throws InputError for a part that is not there */
  async strike({ cause, part, duration }: Fault): Promise<number> {
    const fault = { [cause]: part, ...(duration === undefined ? {} : { for: `${duration} s` }) };
    const response = await this.#fetch('admin/faults', { method: 'POST', body: JSON.stringify({ faults: [fault] }) }).catch((error: unknown) => {
      throw new InputError([{ path: '', message: String(error) }]);
    });
    const told = (await response.json()) as { readonly planned?: readonly [{ readonly at: number }]; readonly error?: { readonly message: string } };
    if (told.planned !== undefined) return told.planned[0].at;
    throw new InputError([{ path: '', message: (told.error?.message ?? response.statusText).replace(/^faults\[0\]\.\w+: /, '') }]);
  }

  async #look({ opened, frame }: Onlooking): Promise<void> {
    const { body } = await this.#fetch('admin/run');
    if (body === null) return;
    const parser = createParser({
      onEvent: ({ event, data }) => {
        if (event === 'opened') opened(JSON.parse(data) as Opened);
        else if (event === 'frame') frame(frameFrom(data));
      },
    });
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) parser.feed(chunk.value);
  }

  /** What is asked for; undefined while the emulator does not answer, which `look` tells. */
  #told(path: string): Promise<unknown> {
    return this.#get(path).catch(() => undefined);
  }

  async #get(path: string): Promise<unknown> {
    const response = await this.#fetch(path);
    if (!response.ok) throw new Error(`${response.url}: ${response.status} ${response.statusText}`);
    return response.json();
  }

  #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(new URL(path, this.#base), { ...init, headers: this.#headers, signal: this.#end.signal });
  }
}
