import { existsSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { SimulationEvent } from '../../src/serving/events.ts';
import type { Scenario } from '../../src/serving/scenario.ts';
import { brokenNumbers, candidatesOf, example, outcomeOf, sharesOf } from './outcome.ts';

const folder = fileURLToPath(new URL('../../../shared/traces/', import.meta.url));
const here = existsSync(folder);
if (!here) process.stdout.write('skipped: published traces on four machines, as ../shared/traces is not there\n');

const traces = ['mooncake/conversation_trace.jsonl.gz', 'azure-2023/AzureLLMInferenceTrace_conv.csv', 'azure-2023/AzureLLMInferenceTrace_code.csv'];
const machines = ['cloudmatrix384-deepseek-r1', 'nvl72-deepseek-r1', 'h200x32-deepseek-r1', 'h100-llama-3.1-70b'];
const pairs = traces.flatMap((trace) => machines.map((machine) => ({ trace, machine })));

/** The target is 5 s; a test machine that is busy may take three times that before this is a failure. */
const patience = 15;
/** Work does not grow with the length of queues or of the run: events and exactly priced iterations stay within these, per request. */
const eventsPerRequest = 100;
const pricesPerRequest = 3;

/** Sums over a trace, and whether every request's events come in an order that can be. */
class Story {
  readonly trouble: string[] = [];
  outputTokens = 0;
  /** Prompts that needed more than one iteration because of the token budget. */
  chunked = 0;
  readonly #budget: number;
  readonly #ranks: number;
  readonly #last = new Map<number, SimulationEvent>();
  readonly #promptSteps = new Map<number, number>();
  readonly #scheduled = new Map<number, { readonly instance: number; readonly before: number; readonly computed: number }>();
  readonly #input = new Map<number, number>();

  constructor({ deployment }: Scenario, ranks: number) {
    this.#budget = deployment.kind === 'merged' ? deployment.maxBatchedTokens : Math.floor(deployment.prefill.batchTokens / ranks);
    this.#ranks = ranks;
  }

  readonly sink = (event: SimulationEvent): void => {
    if (event.kind === 'step') {
      if (!(event.duration > 0)) this.trouble.push(`a step of ${event.duration} s`);
      if (event.prefillTokens > this.#budget * this.#ranks) this.trouble.push(`${event.prefillTokens} prompt tokens in one step`);
      if (event.prefillTokens > 0) this.#promptSteps.set(event.instance, (this.#promptSteps.get(event.instance) ?? 0) + 1);
      return;
    }
    if (!('request' in event)) return;
    const { request, at } = event;
    const before = this.#last.get(request);
    const first = before === undefined;
    if (first !== (event.kind === 'arrived')) this.trouble.push(`request ${request}: ${event.kind} after ${before?.kind ?? 'nothing'}`);
    if (before !== undefined && at < before.at) this.trouble.push(`request ${request}: ${event.kind} at ${at}, before ${before.kind} at ${before.at}`);
    if (before?.kind === 'finished' || before?.kind === 'rejected') this.trouble.push(`request ${request}: ${event.kind} after its end`);
    this.#last.set(request, event);
    if (event.kind === 'arrived') this.#input.set(request, event.inputTokens);
    if (event.kind === 'scheduled')
      this.#scheduled.set(request, {
        instance: event.instance,
        before: this.#promptSteps.get(event.instance) ?? 0,
        computed: (this.#input.get(request) ?? 0) - event.cachedTokens,
      });
    if (event.kind === 'prefilled') this.#prefilled(request);
    if (event.kind === 'finished') this.outputTokens += event.outputTokens;
  };

  #prefilled(request: number): void {
    const scheduled = this.#scheduled.get(request);
    if (scheduled === undefined) return;
    const { instance, before, computed } = scheduled;
    const chunks = (this.#promptSteps.get(instance) ?? 0) - before;
    if (chunks * this.#budget < computed) this.trouble.push(`request ${request}: ${computed} tokens in ${chunks} iterations of ${this.#budget}`);
    if (computed > this.#budget) this.chunked++;
  }
}

function total(column: Int32Array): number {
  return column.reduce((sum, value) => sum + value, 0);
}

describe.skipIf(!here)('published traces', () => {
  test.each(pairs)('$trace on $machine', { timeout: 120_000 }, async ({ trace, machine }) => {
    const scenario = await example(machine, { trace: `${folder}${trace}` });
    const { workload, deployment } = scenario;
    if (workload.kind !== 'trace') throw new Error('expected a trace');
    const entry = deployment.kind === 'merged' ? deployment.layout : deployment.prefill.layout;
    const story = new Story(scenario, entry.dies / (entry.tensor * entry.pipeline));
    const { run, summary, seconds, priced } = outcomeOf(scenario, story.sink);
    const { events } = run.simulation.snapshot();
    process.stdout.write(`${machine}, ${trace}: ${seconds.toFixed(2)} s, ${events} events, ${run.simulation.steps} iterations, ${priced} of them priced\n`);

    // Every request and every token is accounted for.
    const { arrived, finished, rejected, failed, running, waiting } = summary.requests;
    expect(arrived).toBe(workload.columns.count);
    expect(finished + rejected + failed + running + waiting).toBe(arrived);
    expect([finished, running, waiting]).toEqual([arrived, 0, 0]);
    const sums = { input: 0, output: 0, served: 0, put: 0 };
    for (const interval of run.simulation.metrics.intervals) {
      sums.input += interval.inputTokens;
      sums.output += interval.outputTokens;
      sums.served += interval.inputServed;
      sums.put += interval.outputServed;
    }
    const input = total(workload.columns.inputTokens);
    expect([sums.input, sums.served]).toEqual([input, input]);
    expect([sums.output, story.outputTokens]).toEqual([total(workload.columns.outputTokens), total(workload.columns.outputTokens)]);
    expect(sums.put / sums.output).toBeCloseTo(1, 6);

    expect(story.trouble.slice(0, 5)).toEqual([]);
    expect(brokenNumbers(summary)).toEqual([]);
    expect(Object.entries(sharesOf(summary)).filter(([, share]) => share < 0 || share > 1)).toEqual([]);
    // The longest prompts of the Mooncake trace are longer than any budget here but the rack's own.
    const longPrompts = trace.startsWith('mooncake') && machine !== 'cloudmatrix384-deepseek-r1';
    expect(story.chunked).toBeGreaterThanOrEqual(longPrompts ? 100 : 0);

    // What is said to limit is what the utilisations say.
    const candidates = candidatesOf(summary);
    expect(candidates[summary.limit.resource]).toBe(summary.limit.utilisation);
    expect(summary.limit.utilisation).toBe(Math.max(...Object.values(candidates)));
    expect(summary.limit.utilisation).toBeGreaterThan(summary.saturation.saturated ? 0.9 : 0);

    expect(events / arrived).toBeLessThan(eventsPerRequest);
    expect(priced / arrived).toBeLessThan(pricesPerRequest);
    expect(seconds).toBeLessThan(patience);
  });

  test('prompts longer than the model can place are rejected, each with its cause; the rest is served', { timeout: 60_000 }, async () => {
    const scenario = await example('cloudmatrix384-deepseek-r1', { trace: `${folder}mooncake/synthetic_trace.jsonl` });
    if (scenario.workload.kind !== 'trace') throw new Error('expected a trace');
    const tooLong = scenario.workload.columns.inputTokens.filter((tokens) => tokens >= scenario.model.maxPositions).length;
    expect(tooLong).toBeGreaterThan(0);
    const { summary } = outcomeOf(scenario);
    const { arrived, finished, rejected, causes } = summary.requests;
    expect([rejected, finished]).toEqual([tooLong, arrived - tooLong]);
    expect(causes).toEqual([{ cause: `prompt and answer longer than the ${scenario.model.maxPositions} tokens of the model`, count: tooLong }]);
  });

  test('a trace that is faster than the deployment saturates it, and the pool that limits is at its load of 1', { timeout: 60_000 }, async () => {
    for (const [machine, speed] of [
      ['nvl72-deepseek-r1', 4],
      ['h200x32-deepseek-r1', 2.5],
      ['cloudmatrix384-deepseek-r1', 14],
    ] as const) {
      const scenario = await example(machine, { trace: `${folder}${traces[0] ?? ''}`, set: [`workload.speed=${speed}`] });
      const { summary } = outcomeOf(scenario);
      expect(summary.saturation.saturated).toBe(true);
      expect(summary.limit.resource).toMatch(/ pool$/);
      expect(summary.limit.utilisation).toBeGreaterThan(0.93);
      expect(summary.limit.utilisation).toBeLessThan(1.1);
    }
  });
});
