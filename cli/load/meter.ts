import { Metrics } from '../../src/serving/metrics.ts';
import type { ServiceLevel } from '../../src/serving/scenario.ts';
import type { Summary } from '../../src/report/summary.ts';
import type { ClientRecord } from './answer.ts';

/** Counts what a client sees by the rules of the engine's own metrics. Times from the start of the run. [s] */
export class ClientMeter {
  readonly metrics: Metrics = new Metrics(0);
  readonly records: ClientRecord[] = [];
  readonly #causes = new Map<string, number>();
  readonly #slo: ServiceLevel;
  readonly #begun = performance.now();
  #arrived = 0;
  #finished = 0;
  #failed = 0;
  #cached: number | undefined;

  constructor(slo: ServiceLevel) {
    this.#slo = slo;
  }

  get now(): number {
    return (performance.now() - this.#begun) / 1000;
  }

  get requests(): Summary['requests'] {
    const causes = [...this.#causes].map(([cause, count]) => ({ cause, count }));
    const running = this.#arrived - this.#finished - this.#failed;
    return { arrived: this.#arrived, finished: this.#finished, rejected: 0, failed: this.#failed, running, waiting: 0, causes };
  }

  get cachedTokens(): number | undefined {
    return this.#cached;
  }

  get begun(): number {
    return this.#begun;
  }

  /** A request is sent. */
  sent(): void {
    const { now } = this;
    this.#arrived++;
    this.metrics.at(now).arrived++;
    this.metrics.change(now, 1, 0);
  }

  /** Its answer, or what there is of one. @param tenant whose it is */
  ended(record: ClientRecord, tenant: number): void {
    const { metrics } = this;
    const second = (at: number): number => (at - this.#begun) / 1000;
    const { now } = this;
    this.records.push(record);
    if (record.problem !== undefined) {
      metrics.change(now, -1, 0);
      this.#failed++;
      metrics.at(now).failed++;
      this.#causes.set(record.problem, (this.#causes.get(record.problem) ?? 0) + 1);
      return;
    }
    const { heardAt, inputTokens, outputTokens, cachedTokens } = record;
    const first = heardAt[0] ?? record.endedAt;
    const last = heardAt.at(-1) ?? first;
    // It waited until its first token and ran from then on: what was counted as waiting since then is put right.
    metrics.change(now, -1, 0);
    const interval = metrics.at(second(last));
    move(metrics, second(first), second(record.endedAt));
    this.#finished++;
    metrics.at(second(first)).inputServed += inputTokens;
    for (const [i, at] of heardAt.entries()) {
      metrics.at(second(at)).outputServed += outputTokens / heardAt.length;
      if (i > 0) metrics.at(second(at)).itl.add((at - (heardAt[i - 1] as number)) / 1000);
    }
    if (cachedTokens !== undefined) this.#cached = (this.#cached ?? 0) + cachedTokens;
    interval.finish(inputTokens, cachedTokens ?? 0, outputTokens, (first - record.sentAt) / 1000, (last - record.sentAt) / 1000, this.#slo, tenant);
  }
}

/** Counts a request as running instead of waiting between two times. */
function move(metrics: Metrics, from: number, to: number): void {
  for (let at = from; at < to;) {
    const end = Math.min(to, (Math.floor(at / metrics.width) + 1) * metrics.width);
    const interval = metrics.at(at);
    interval.waiting -= end - at;
    interval.running += end - at;
    if (end <= at) return;
    at = end;
  }
}
