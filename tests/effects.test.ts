import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { loadScenario } from '../cli/scenario.ts';
import { sharedPricers } from '../src/cost/shared-pricers.ts';
import type { Summary } from '../src/report/summary.ts';
import { summarise } from '../src/report/summarise.ts';
import { percent, quantity } from '../src/report/wording.ts';
import { createSimulation } from '../src/serving/deploy.ts';

/** Pages of the guide that have a table of effects. */
const pages = ['policies', 'faults', 'context-cache', 'experts', 'control', 'traffic'] as const;

/** A change of an example and what it does to one figure of its report. */
interface Effect {
  readonly page: (typeof pages)[number];
  /** In the words of the guide. */
  readonly what: string;
  readonly file: string;
  /** What the second run is of, where it is another file. */
  readonly other?: string;
  /** Settings of both runs, and those of the second one. */
  readonly set?: readonly string[];
  readonly change: readonly string[];
  readonly metric: string;
  /** Which way it goes: what the guide says of it. */
  readonly claim: 'less' | 'more';
  readonly before: number;
  readonly after: number;
  /** How far each figure may drift before somebody has to look; a tenth where nothing is said. */
  readonly tolerance?: number;
}

const examples = new URL('../examples/', import.meta.url);
const file = new URL('effects.json', examples);
const effects = JSON.parse(readFileSync(file, 'utf8')) as readonly Effect[];
const rewrites = process.env['UPDATE_EFFECTS'] !== undefined;

type Metric = { readonly of: (summary: Summary) => number | undefined; readonly words: (value: number) => string };

const seconds = (of: Metric['of']): Metric => ({ of, words: (value) => quantity(value, 's') });
const share = (of: Metric['of']): Metric => ({ of, words: percent });

const metrics: Readonly<Record<string, Metric>> = {
  'TTFT mean': seconds(({ latency }) => latency.ttft.mean),
  'TTFT p50': seconds(({ latency }) => latency.ttft.p50),
  'TTFT p99': seconds(({ latency }) => latency.ttft.p99),
  'TPOT p50': seconds(({ latency }) => latency.tpot.p50),
  'gap p99': seconds(({ latency }) => latency.itl.p99),
  'within objectives': share(({ goodput }) => goodput.share),
  goodput: { of: ({ goodput }) => goodput.requestsPerSecond, words: (value) => quantity(value, 'req/s') },
  input: { of: ({ throughput }) => throughput.inputTokens, words: (value) => quantity(value, 'tok/s') },
  'cache hits': share(({ cache }) => cache?.hitShare),
  '$ a million tokens': { of: ({ cost }) => cost.dollarsPerMillionTokens, words: (value) => value.toFixed(2) },
  'adapters resident': share(({ adapters }) => adapters?.[0]?.hitShare),
  'adapters of step time': share(({ adapters }) => adapters?.[0]?.productShare),
  barrier: share(({ pools }) => pools.at(-1)?.barrier.share),
  'TTFT p50 of modest': seconds((summary) => tenant(summary, 'modest')?.ttft.p50),
  'TTFT p50 of greedy': seconds((summary) => tenant(summary, 'greedy')?.ttft.p50),
  'TTFT p99 of modest': seconds((summary) => tenant(summary, 'modest')?.ttft.p99),
};

function tenant({ tenants }: Summary, name: string) {
  return tenants?.each.find((one) => one.name === name);
}

const known = new Map<string, Promise<Summary>>();
const pricers = sharedPricers(24);

/** The report of a run, which effects of the same settings share. */
async function summaryOf(name: string, set: readonly string[]): Promise<Summary> {
  const key = JSON.stringify([name, set]);
  const run = known.get(key) ?? summarised(name, set);
  known.set(key, run);
  return await run;
}

async function summarised(name: string, set: readonly string[]): Promise<Summary> {
  const run = createSimulation(await loadScenario(new URL(name, examples).pathname, { set }), undefined, pricers);
  while (run.simulation.step());
  return summarise(run, 'test');
}

const found: Effect[] = [];

describe('effects', () => {
  test.each(effects)('$what ($metric)', { timeout: 120_000 }, async (effect) => {
    const { set = [], change, metric, claim, tolerance = 0.1 } = effect;
    const measured = metrics[metric];
    if (measured === undefined) throw new Error(`no metric ${metric}`);
    const figure = async (name: string, settings: readonly string[]): Promise<number> => measured.of(await summaryOf(name, settings)) ?? Number.NaN;
    const [before, after] = [await figure(effect.file, set), await figure(effect.other ?? effect.file, [...set, ...change])];
    expect({ before, after, claim: after > before ? 'more' : 'less' }).toEqual({ before, after, claim });
    found.push({ ...effect, before: Number(before.toPrecision(3)), after: Number(after.toPrecision(3)) });
    if (rewrites) return;
    const slack = 0.01 * Math.max(effect.before, effect.after);
    expect(Math.abs(before - effect.before), `${before} before`).toBeLessThanOrEqual(tolerance * effect.before + slack);
    expect(Math.abs(after - effect.after), `${after} after`).toBeLessThanOrEqual(tolerance * effect.after + slack);
  });

  test('are in the guide as examples/effects.json has them (UPDATE_EFFECTS=1 measures them anew and writes both)', () => {
    expect(found).toHaveLength(effects.length);
    if (rewrites) writeFileSync(file, `${JSON.stringify(found, null, 2)}\n`);
    for (const page of pages) {
      const path = new URL(`../docs/guide/${page}.md`, import.meta.url);
      const text = readFileSync(path, 'utf8');
      const written = text.replace(
        block,
        (_, start: string, end: string) => `${start}${tableOf((rewrites ? found : effects).filter((one) => one.page === page))}${end}`,
      );
      expect(text).toMatch(block);
      if (rewrites) writeFileSync(path, written);
      expect(readFileSync(path, 'utf8')).toBe(written);
    }
  });
});

const block = /(<!-- effects -->\n)[\s\S]*?(<!-- \/effects -->)/;

function tableOf(rows: readonly Effect[]): string {
  const linked = (name: string): string => `[${name}](../../examples/${name})`;
  const line = ({ what, file: name, other, metric, before, after }: Effect): string => {
    const { words } = metrics[metric] as Metric;
    return `| ${what} | ${metric} | ${words(before)} | ${words(after)} | ${[name, ...(other === undefined ? [] : [other])].map(linked).join(', ')} |`;
  };
  return `\n${['| change | figure | before | after | example |', '|---|---|---|---|---|', ...rows.map(line)].join('\n')}\n\n`;
}
