import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cases, listed } from '../../serving/cases.contract.ts';
import { Breaker, loss } from '../../serving/losses.contract.ts';
import { finished, type Run } from '../../serving/run.contract.ts';
import { RunTrace, type RunTraceOptions } from './run-trace.ts';
import { nanoseconds, type Slice, type TraceRecord } from './record.ts';

const all: RunTraceOptions = { requests: 100, expected: 100, mostSlices: Infinity, planes: { push: 'out', read: 'up' } };

function traceOf({ events, simulation }: Run, options: RunTraceOptions): { readonly records: readonly TraceRecord[]; readonly notes: readonly string[] } {
  const records: TraceRecord[] = [];
  const trace = new RunTrace(simulation.plant, options, (record) => records.push(record));
  for (const event of events) trace.tell(event);
  trace.end(simulation.now);
  return { records, notes: trace.notes };
}

const slicesOf = (records: readonly TraceRecord[]): readonly Slice[] => records.filter((record) => record.kind === 'slice');
const named = (records: readonly TraceRecord[], name: string): ReadonlySet<number> =>
  new Set(records.flatMap((record) => (record.kind === 'process' && record.name === name ? [record.process] : [])));
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** What breaks the rules of a trace, in words. */
function broken(records: readonly TraceRecord[]): readonly string[] {
  const known = new Set<string>();
  const until = new Map<string, number>();
  const told: string[] = [];
  const need = (name: string): void => void (known.has(name) || told.push(`${name} is not declared`));
  const inOrder = (name: string, from: number, to: number): void => {
    if (from < (until.get(name) ?? 0)) told.push(`${name} goes back to ${from}`);
    if (to < from || !Number.isSafeInteger(from) || !Number.isSafeInteger(to)) told.push(`${name} has ${from}..${to}`);
    until.set(name, to);
  };
  const declare = (name: string): void => void (known.has(name) ? told.push(`${name} is declared twice`) : known.add(name));
  for (const record of records) {
    if (record.kind !== 'process') need(`process ${record.process}`);
    switch (record.kind) {
      case 'process':
        declare(`process ${record.process}`);
        break;
      case 'lane':
        declare(`lane ${record.lane}`);
        break;
      case 'counter':
        declare(`counter ${record.counter}`);
        break;
      case 'value':
        need(`counter ${record.counter}`);
        inOrder(`counter ${record.counter}`, record.at, record.at);
        if (!Number.isFinite(record.value)) told.push(`counter ${record.counter} is ${record.value}`);
        break;
      case 'mark':
        need(`lane ${record.lane}`);
        inOrder(`lane ${record.lane}`, record.at, record.at);
        break;
      case 'slice': {
        need(`lane ${record.lane}`);
        inOrder(`lane ${record.lane}`, record.from, record.to);
        let before = record.from;
        for (const { from, to } of record.parts ?? []) {
          if (from < before || to < from || to > record.to) told.push(`a part of ${record.name} has ${from}..${to} in ${before}..${record.to}`);
          before = to;
        }
      }
    }
  }
  return told;
}

describe('a trace of any run', () => {
  test('slices of a lane follow each other, parts lie inside, counters go forward', () => {
    const seen = { marks: 0, arrows: 0, transfers: 0 };
    fc.assert(
      fc.property(cases, ({ plant, requests, concurrency }) => {
        const { records, notes } = traceOf(finished(plant, listed(requests, concurrency)), all);
        expect(broken(records)).toEqual([]);
        expect(notes).toEqual([]);
        seen.marks += records.filter(({ kind }) => kind === 'mark').length;
        seen.arrows += slicesOf(records).filter(({ flows }) => flows?.some(({ place }) => place === 'last')).length;
        seen.transfers += slicesOf(records).filter(({ name }) => name === 'KV push' || name === 'cache read').length;
      }),
      { numRuns: 150 },
    );
    for (const [path, times] of Object.entries(seen)) expect([path, times > 0]).toEqual([path, true]);
  });

  test('nothing overlaps where instances are lost, and their requests go on or end', () => {
    const seen = { lost: 0, failed: 0, stopped: 0 };
    fc.assert(
      fc.property(cases, fc.array(loss, { minLength: 1, maxLength: 4 }), ({ plant, requests, concurrency }, losses) => {
        const actors = losses.map((one) => new Breaker(one));
        const run = finished(plant, listed(requests, concurrency), 100_000, actors);
        const { records } = traceOf(run, all);
        expect(broken(records)).toEqual([]);
        const slices = slicesOf(records);
        expect(slices.filter(({ name }) => name.startsWith('request ')).length).toBe(requests.length);
        // Nothing waits, runs or is under way at the end.
        const counters = records.flatMap((record) => (record.kind === 'counter' && /waiting|running$|under way/.test(record.name) ? [record.counter] : []));
        for (const counter of counters) expect(records.findLast((record) => record.kind === 'value' && record.counter === counter)).toMatchObject({ value: 0 });
        // As long as instances stood still, so much is shown of it.
        const until = (instance: number, from: number): number =>
          run.events.slice(from + 1).find((event) => event.kind === 'instance' && event.instance === instance)?.at ?? run.simulation.now;
        const stopped = run.events.map((event, i) =>
          event.kind === 'instance' && event.state === 'stopped' ? nanoseconds(until(event.instance, i)) - nanoseconds(event.at) : 0,
        );
        expect(sum(slices.map(({ name, from, to }) => (name === 'stands still' ? to - from : 0)))).toBe(sum(stopped));
        seen.stopped += stopped.filter((time) => time > 0).length;
        seen.lost += slices.filter(({ name }) => name.endsWith(', lost')).length;
        seen.failed += slices.filter(({ args }) => args?.['outcome'] === 'failed').length;
      }),
      { numRuns: 200 },
    );
    for (const [path, times] of Object.entries(seen)) expect([path, times > 0]).toEqual([path, true]);
  }, 30_000);

  test('every step, transfer and request is there once, with its time', () => {
    fc.assert(
      fc.property(cases, ({ plant, requests, concurrency }) => {
        const run = finished(plant, listed(requests, concurrency));
        const { records } = traceOf(run, all);
        const slices = slicesOf(records);
        for (const { name } of plant.pools) {
          const processes = named(records, `${name} pool`);
          const steps = run.events.filter((event) => event.kind === 'step' && event.pool === name);
          const shown = slices.filter(({ process }) => processes.has(process));
          expect(shown.map(({ from, to }) => [from, to]).sort(byTime)).toEqual(
            steps.flatMap((event) => (event.kind === 'step' ? [[nanoseconds(event.at), nanoseconds(event.at + event.duration)]] : [])).sort(byTime),
          );
        }
        const ended = run.events.filter(({ kind }) => kind === 'transfer-ended');
        expect(slices.filter(({ name }) => name === 'KV push' || name === 'cache read').length).toBe(ended.length);
        const lives = slices.filter(({ process }) => named(records, 'requests').has(process));
        expect(lives.length).toBe(requests.length);
        // The phases of a request that finished make up its life.
        const whole = lives.filter(({ args }) => args?.['outcome'] === 'finished');
        for (const { from, to, parts = [] } of whole) expect(sum(parts.map((part) => part.to - part.from))).toBe(to - from);
      }),
      { numRuns: 100 },
    );
  });

  test('the prompt tokens of the counter are those that steps computed', () => {
    fc.assert(
      fc.property(cases, ({ plant, requests, concurrency }) => {
        const run = finished(plant, listed(requests, concurrency));
        const { records } = traceOf(run, all);
        const counter = records.find((record) => record.kind === 'counter' && record.name === 'prompt tokens computed');
        if (counter?.kind !== 'counter') return;
        const values = records.filter((record) => record.kind === 'value' && record.counter === counter.counter);
        const integral = sum(
          values.map((value, i) => {
            const next = values[i + 1];
            return value.kind === 'value' && next?.kind === 'value' ? value.value * ((next.at - value.at) / 1e9) : 0;
          }),
        );
        const computed = sum(run.events.map((event) => (event.kind === 'step' ? event.prefillTokens : 0)));
        expect(Math.abs(integral - computed)).toBeLessThan(1e-3 * computed + 1e-6);
      }),
      { numRuns: 60 },
    );
  });

  test('a window shows what lies in it, and no counter outside', () => {
    fc.assert(
      fc.property(
        cases,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        ({ plant, requests, concurrency }, a, b) => {
          const run = finished(plant, listed(requests, concurrency));
          const from = a * run.simulation.now;
          const to = from + b * run.simulation.now;
          const { records } = traceOf(run, { ...all, window: { from, to } });
          expect(broken(records)).toEqual([]);
          const processes = new Set(plant.pools.flatMap(({ name }) => [...named(records, `${name} pool`)]));
          const steps = run.events.filter((event) => event.kind === 'step' && event.at < to && event.at + event.duration >= from);
          expect(slicesOf(records).filter(({ process }) => processes.has(process)).length).toBe(steps.length);
          expect(records.filter((record) => record.kind === 'value' && record.at < nanoseconds(from))).toEqual([]);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('a bound on slices holds, and is told', () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 3 }), ({ plant, requests, concurrency }, mostSlices, shown) => {
        const { records, notes } = traceOf(finished(plant, listed(requests, concurrency)), { ...all, mostSlices, requests: shown, expected: requests.length });
        const slices = slicesOf(records);
        expect(slices.length + sum(slices.map(({ parts }) => parts?.length ?? 0))).toBeLessThanOrEqual(mostSlices);
        expect(slices.filter(({ name }) => name.startsWith('request ')).length).toBeLessThanOrEqual(shown);
        const whole = traceOf(finished(plant, listed(requests, concurrency)), { ...all, requests: shown, expected: requests.length });
        expect(notes.some((note) => note.includes('slices'))).toBe(slices.length < slicesOf(whole.records).length);
      }),
      { numRuns: 60 },
    );
  });
});

function byTime(a: readonly number[], b: readonly number[]): number {
  return (a[0] ?? 0) - (b[0] ?? 0) || (a[1] ?? 0) - (b[1] ?? 0);
}
