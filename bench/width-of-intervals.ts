/**
 * What makes intervals as wide as they are: half the width of cases of the ledger where one unknown alone is off, in percent of the figure, and the
 * median of each kind: `npx node bench/width-of-intervals.ts [part of an id ...]`.
 */
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { loadCases } from '../cli/validate/load.ts';
import { stepSamples } from '../src/cost/uncertainty/step-interval.ts';
import { stepPricer } from '../src/cost/pricer.ts';
import { drawsOf, onlyOf } from '../src/cost/uncertainty/draws.ts';
import { priceErrors } from '../src/cost/uncertainty/errors.ts';
import { Unknowns } from '../src/cost/uncertainty/unknowns.ts';
import { conditions } from '../src/catalogue/uncertainty.ts';
import { intervalOf } from '../src/cost/uncertainty/interval.ts';
import { layerTime, stepValue } from '../src/ledger/answer.ts';
import { runMetric } from '../src/ledger/interval.ts';
import type { Question } from '../src/ledger/question.ts';
import { ServingRuns } from '../src/ledger/serving-runs.ts';
import { simulationInterval } from '../src/report/sampled-runs.ts';

/** Unknowns by the names of their draws. */
const unknowns: Readonly<Record<string, RegExp>> = {
  all: /./,
  'own cells': /^cell (?!.* (other|release))/,
  releases: /^cell .* release/,
  'other chip': /^cell .* other chip(?!-)/,
  'other stack': /^cell .* other stack/,
  'other format': /^cell .* other format/,
  'other class': /^cell .* other kernel/,
  checks: /^check /,
  'other chip and stack': /^cell .* other chip-and-stack/,
  rates: /^rates /,
  links: /^(collective|exchange)/,
  ...Object.fromEntries(conditions.map((condition) => [condition, new RegExp(`^${condition}( |$)`)])),
};

const runs = new ServingRuns();

/** Half of the interval over the figure; undefined for a question without one. */
function halfWidth(question: Question, off: RegExp): number | undefined {
  const only = (name: string): boolean => off.test(name);
  if (question.kind === 'step') {
    const { work, figure } = question;
    const { nominal, samples } = stepSamples(work.setting, work.batch, { acceptance: work.acceptance, only });
    const of = ({ cost, emitted }: typeof nominal): number => stepValue(work, figure, cost.time, emitted);
    const { low, high } = intervalOf(of(nominal), samples.map(of));
    return (high - low) / 2 / of(nominal);
  }
  if (question.kind === 'layer') {
    const { setting, batch } = question.work;
    const { uncertainty } = setting.stack;
    const times = drawsOf(1, 99).map((whole) => {
      const draw = onlyOf(whole, only);
      return layerTime(stepPricer(new Unknowns(uncertainty, draw).setting(setting), priceErrors(uncertainty, draw)).explain(batch), question);
    });
    const nominal = layerTime(stepPricer(setting).explain(batch), question);
    const { low, high } = intervalOf(nominal, times);
    return (high - low) / 2 / nominal;
  }
  if (question.kind !== 'serving') return undefined;
  const finished = runs.of(question.scenario);
  const { run } = finished;
  const { summary } = finished.sampled();
  const metric = runMetric(question.figure, summary, simulationInterval(run, summary, { samples: 9, only }));
  return metric === undefined ? undefined : (metric.high - metric.low) / 2 / metric.nominal;
}

const wanted = process.argv.slice(2);
const rows = new Map<string, number[]>();
for (const { id, kind, basis, question } of await loadCases([fileURLToPath(new URL('../validation/cases', import.meta.url))])) {
  if (basis !== 'predicted' || (wanted.length > 0 && !wanted.some((part) => id.includes(part)))) continue;
  const parts: string[] = [];
  for (const [name, off] of Object.entries(unknowns)) {
    const half = halfWidth(question, off);
    if (half === undefined || !Number.isFinite(half)) break;
    rows.set(`${kind}, ${name}`, [...(rows.get(`${kind}, ${name}`) ?? []), half]);
    if (half >= 0.005) parts.push(`${name} ${(100 * half).toFixed(1)}`);
  }
  if (parts.length > 0) process.stdout.write(`${id}: ${parts.join(', ')}\n`);
}
for (const [name, halves] of rows) {
  const order = halves.toSorted((a, b) => a - b);
  process.stdout.write(`${name}: median ${(100 * (order[order.length >> 1] ?? 0)).toFixed(1)} %, ${order.length} cases\n`);
}
