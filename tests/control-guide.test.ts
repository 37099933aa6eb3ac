import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { expect, test } from 'vitest';
import { loadScenario } from '../cli/scenario.ts';
import { sharedPricers } from '../src/cost/shared-pricers.ts';
import { summarise } from '../src/report/summarise.ts';
import { percent } from '../src/report/wording.ts';
import { significant } from '../src/base/quantity.ts';
import { createSimulation } from '../src/serving/deploy.ts';

const example = new URL('../examples/control-autoscale.yaml', import.meta.url).pathname;
const guide = new URL('../docs/guide/control.md', import.meta.url);
const policy = (keys: string): readonly string[] => [`control.autoscale.merged={ min: 1, max: 8, hold: 1 min, ${keys} }`];

/** Rows of the guide's table of a day, and the settings of each. */
const rows: readonly (readonly [string, readonly string[]])[] = [
  ['seven instances, always', ['control=null', 'deployment.merged.instances=7']],
  ['`target-load`, 0.5', policy('policy: target-load, target: 0.5')],
  ['`slo`', policy('policy: slo')],
  ['`queue`, 1 s', policy('policy: queue, ahead: 1 s')],
];

const pricers = sharedPricers(4);

async function row([name, set]: (typeof rows)[number]): Promise<string> {
  const run = createSimulation(await loadScenario(example, { set }), undefined, pricers);
  while (run.simulation.step());
  const { pools, goodput, cost } = summarise(run, 'test');
  const chips = pools.reduce((sum, pool) => sum + pool.chips, 0);
  const { joulesPerToken = Number.NaN, dollarsPerMillionTokens = Number.NaN } = cost;
  const figures = [significant(chips), percent(goodput.share), significant(joulesPerToken), significant(dollarsPerMillionTokens)];
  return `| ${[name, ...figures].join(' | ')} |`;
}

test("the guide's table of a day under each policy is what comes out now (npm run docs writes it anew)", { timeout: 120_000 }, async () => {
  const written: string[] = [];
  for (const each of rows) written.push(await row(each));
  const text = readFileSync(guide, 'utf8');
  const table = /(<!-- day -->\n\n(?:\|.*\n){2})[\s\S]*?(\n<!-- \/day -->)/;
  expect(text).toMatch(table);
  const anew = text.replace(table, (_, start: string, end: string) => `${start}${written.join('\n')}\n${end}`);
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(guide, anew);
  expect(readFileSync(guide, 'utf8')).toBe(anew);
});
