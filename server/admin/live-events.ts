import { logHead } from '../../schema/events/write-log.ts';
import { lineOf } from '../../src/serving/event-line.ts';
import type { SimulationEvent } from '../../src/serving/events.ts';
import type { External } from '../../src/serving/external.ts';
import type { EventStream } from '../http/event-stream.ts';
import type { Exchange } from '../http/exchange.ts';
import type { EngineObserver, LiveEngine } from '../live/engine.ts';

/** Those who look on at once. */
const most = 16;

interface Onlooker {
  readonly stream: EventStream;
  /** Records that it could not be sent because it did not read. */
  missed: number;
}

/**
 * The live run as server-sent events, for a page that draws it: `head` events with the first lines of an event log, then `records` events with a line of the log
 * for each thing that happens, as many as happened in one go. Who reads too slowly is told of a `gap` and how many records are in it.
 */
export class LiveEvents implements EngineObserver {
  readonly #engine: LiveEngine;
  readonly #version: string;
  readonly #onlookers = new Set<Onlooker>();
  #lines: string[] = [];
  #sending = false;

  constructor(engine: LiveEngine, version: string) {
    this.#engine = engine;
    this.#version = version;
    engine.observe(this);
  }

  /** Whether there is room for one more. */
  get full(): boolean {
    return this.#onlookers.size >= most;
  }

  attend(exchange: Exchange): void {
    const stream = exchange.stream();
    const { pace, run } = this.#engine;
    this.#engine.catchUp();
    const head = [...logHead(run.scenario, this.#version)].map((line) => `event: head\ndata: ${line}\n\n`);
    stream.write(`event: clock\ndata: ${JSON.stringify({ at: run.simulation.now, speed: pace.speed })}\n\n${head.join('')}`);
    const onlooker = { stream, missed: 0 };
    this.#onlookers.add(onlooker);
    exchange.onGone = () => this.#onlookers.delete(onlooker);
  }

  event(event: SimulationEvent): void {
    if (this.#onlookers.size > 0) this.#add(lineOf(event));
  }

  external(record: External): void {
    if (this.#onlookers.size > 0) this.#add(lineOf(record));
  }

  /** Ends the streams. */
  close(): void {
    for (const { stream } of this.#onlookers) stream.end();
    this.#onlookers.clear();
  }

  #add(line: string): void {
    this.#lines.push(line);
    if (this.#sending) return;
    this.#sending = true;
    setImmediate(() => this.#send());
  }

  #send(): void {
    const lines = this.#lines;
    this.#lines = [];
    this.#sending = false;
    const frame = `event: records\n${lines.map((line) => `data: ${line}\n`).join('')}\n`;
    for (const onlooker of this.#onlookers) {
      const { stream, missed } = onlooker;
      if (stream.blocked) {
        onlooker.missed += lines.length;
        continue;
      }
      onlooker.missed = 0;
      stream.write(missed === 0 ? frame : `event: gap\ndata: ${missed}\n\n${frame}`);
    }
  }
}
