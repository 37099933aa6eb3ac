import { frameText } from '../../src/report/live/frame-text.ts';
import { openedOf } from '../../src/report/live/opened.ts';
import { Recorder } from '../../src/report/live/recorder.ts';
import { Watch } from '../../src/report/live/watch.ts';
import type { SimulationEvent } from '../../src/serving/events.ts';
import { ApiError } from '../http/api-error.ts';
import type { EventStream } from '../http/event-stream.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Route } from '../http/routes.ts';
import type { EngineObserver, LiveEngine } from '../live/engine.ts';
import { metricsUntilNow } from '../live/metrics-until-now.ts';

/** Those who look on at once. */
const most = 16;
/** Between two frames [ms], and how many frames come between two series. */
const pause = 100;
const seriesEvery = 5;

/** Files of the page that shows the run, and the scenario as its file has it. */
export interface Dashboard {
  /** Answers for a path below the page's own, such as `/assets/index.js`. */
  readonly page: (path: string, exchange: Exchange) => void;
  readonly scenario: unknown;
}

/**
 * The live run as a page draws it: what runs where, then frames while somebody looks on. Nothing is kept for who reads slowly: frames are left out. What it
 * remembers of requests and iterations does not grow with the run.
 */
export class RunView implements EngineObserver {
  readonly #engine: LiveEngine;
  readonly #watch: Watch;
  readonly #onlookers = new Set<EventStream>();
  #timer: NodeJS.Timeout | undefined;
  #shown = 0;

  constructor(engine: LiveEngine) {
    this.#engine = engine;
    this.#watch = new Watch(engine.run, new Recorder());
    engine.observe(this);
  }

  event(event: SimulationEvent): void {
    this.#watch.recorder.tell(event);
  }

  /** Ends the streams. */
  close(): void {
    for (const stream of this.#onlookers) stream.end();
    this.#onlookers.clear();
    clearInterval(this.#timer);
  }

  /** What a page asks for, below `/admin/run`, and the page itself. */
  routes({ page, scenario }: Dashboard): readonly Route[] {
    const show = (exchange: Exchange): void => {
      const path = exchange.url.pathname.slice('/ui'.length);
      // Addresses in the page are relative.
      if (path === '') exchange.redirect('ui/');
      else page(path, exchange);
    };
    return [
      { method: 'GET', path: '/admin/run', handler: (exchange) => this.#attend(exchange) },
      { method: 'GET', path: '/admin/run/scenario', handler: (exchange) => exchange.json(scenario) },
      { method: 'GET', path: '/admin/run/request', handler: (exchange) => exchange.json(this.#watch.recorder.life(numberIn(exchange, 'number')) ?? null) },
      {
        method: 'GET',
        path: '/admin/run/iterations',
        handler: (exchange) => exchange.json(this.#watch.recorder.iterations(this.#engine.pace.now - numberIn(exchange, 'seconds'))),
      },
      { method: 'GET', path: '/ui', below: true, open: true, handler: show },
    ];
  }

  #attend(exchange: Exchange): void {
    if (this.#onlookers.size >= most) throw new ApiError(429, 'As many look on as may');
    const stream = exchange.stream();
    stream.write(`event: opened\ndata: ${JSON.stringify(openedOf(this.#watch.run))}\n\n`);
    this.#onlookers.add(stream);
    exchange.onGone = () => this.#onlookers.delete(stream);
    this.#shown = 0;
    this.#timer ??= setInterval(() => this.#show(), pause);
  }

  #show(): void {
    if (this.#onlookers.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const { pace } = this.#engine;
    const whole = this.#shown++ % seriesEvery === 0;
    this.#engine.catchUp();
    const picture = this.#watch.picture(whole, metricsUntilNow(this.#engine.simulation));
    const text = `event: frame\ndata: ${frameText({ ...picture, done: false, playing: true, speed: pace.speed, late: false, seeking: false })}\n\n`;
    for (const stream of this.#onlookers) if (!stream.blocked) stream.write(text);
  }
}

/** @throws ApiError where it is no number */
function numberIn({ url }: Exchange, key: string): number {
  const value = Number(url.searchParams.get(key) ?? Number.NaN);
  if (!(value >= 0)) throw new ApiError(400, `${key}: expected a number from 0, got "${url.searchParams.get(key) ?? ''}"`, { param: key });
  return value;
}
