import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { loadScenario } from '../cli/scenario.ts';
import type { Summary } from '../src/report/summary.ts';
import { summarise } from '../src/report/summarise.ts';
import { createSimulation } from '../src/serving/deploy.ts';

const folder = new URL('../examples/', import.meta.url);
const file = new URL('expected.json', folder);

/** How far an example may drift from what it states before somebody has to look: models of cost get better, results should not jump. */
const tolerance = 0.02;

type Headline = Readonly<Record<string, number>>;

function headline({ requests, throughput, latency, goodput }: Summary): Headline {
  const rounded = (value: number): number => Number(value.toPrecision(4));
  return {
    'finished requests': requests.finished,
    'output [tok/s]': rounded(throughput.outputTokens),
    'input [tok/s]': rounded(throughput.inputTokens),
    'TTFT p50 [s]': rounded(latency.ttft.p50),
    'TTFT p99 [s]': rounded(latency.ttft.p99),
    'TPOT p50 [s]': rounded(latency.tpot.p50),
    'TPOT p99 [s]': rounded(latency.tpot.p99),
    'requests within the SLO': rounded(goodput.share),
  };
}

function numbers(value: unknown, path: string): readonly (readonly [string, number])[] {
  if (typeof value === 'number') return [[path, value]];
  return typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([key, inner]) => numbers(inner, `${path}.${key}`)) : [];
}

const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const expected = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Headline>;
const found: Record<string, Headline> = {};

describe('examples', () => {
  test.each(names)('%s does what examples/expected.json says (UPDATE_EXAMPLES=1 writes it)', async (name) => {
    const run = createSimulation(await loadScenario(new URL(name, folder).pathname));
    while (run.simulation.step());
    const summary = summarise(run, 'test');

    const { arrived, finished, rejected, failed, running, waiting } = summary.requests;
    expect(arrived).toBe(run.scenario.workload.requests);
    expect(finished + rejected + failed).toBe(arrived);
    expect(running + waiting).toBe(0);
    expect(numbers(summary, 'summary').filter(([, value]) => !Number.isFinite(value))).toEqual([]);

    const result = headline(summary);
    found[name] = result;
    if (process.env['UPDATE_EXAMPLES'] !== undefined) {
      writeFileSync(file, `${JSON.stringify({ ...expected, ...found }, null, 2)}\n`);
      return;
    }
    const stated = expected[name] ?? {};
    expect(Object.keys(result)).toEqual(Object.keys(stated));
    expect(
      Object.entries(result).filter(([metric, value]) => !(Math.abs(value - (stated[metric] ?? NaN)) <= tolerance * Math.abs(stated[metric] ?? 0))),
    ).toEqual([]);
  });

  test('nothing is expected of an example that is not there', () => {
    expect(Object.keys(expected).sort((a, b) => (a < b ? -1 : 1))).toEqual([...names].sort((a, b) => (a < b ? -1 : 1)));
  });
});
