import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { dataNames, parseFile } from '../cli/data.ts';
import { loadChip, loadMachine } from '../cli/machines.ts';
import { loadPowerFacts } from '../cli/power.ts';
import { loadScenario } from '../cli/scenario.ts';
import { readMachine } from '../schema/machine.ts';
import { readPowerFacts } from '../schema/power.ts';
import { InputError } from '../src/base/errors.ts';
import { chipCount } from '../src/catalogue/machine.ts';
import { boundsOf, sourcesOf } from '../src/report/energy/sources.ts';
import { powerOf, type EnergySummary } from '../src/report/energy/summary.ts';
import { summarise } from '../src/report/summarise.ts';
import type { Summary } from '../src/report/summary.ts';
import { createSimulation } from '../src/serving/deploy.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

async function ran(name: string, set: readonly string[] = []): Promise<Summary & { readonly energy: EnergySummary }> {
  const run = createSimulation(await loadScenario(`${root}examples/${name}.yaml`, { requests: 1500, set }));
  while (run.simulation.step());
  const summary = summarise(run, 'test');
  if (summary.energy === undefined) throw new Error('no energy');
  return { ...summary, energy: summary.energy };
}

function issuesOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof InputError) return error.issues.map(({ path, message }) => `${path}: ${message}`).join('\n');
    throw error;
  }
  return 'nothing';
}

describe('the machines of the catalogue', () => {
  test.each(dataNames('machines'))('%s: its parts at their maximum draw no more than the machine states, and less when idle', (name) => {
    const machine = loadMachine(name);
    const { idle, max } = boundsOf(sourcesOf(machine), chipCount(machine));
    expect(machine.draws).toBeDefined();
    expect(max).toBeLessThanOrEqual((machine.power?.value ?? 0) * 1.001);
    expect(max).toBeGreaterThan(chipCount(machine) * machine.chip.power.max.value);
    expect(idle).toBeLessThan(0.5 * max);
    expect(idle).toBeGreaterThan(chipCount(machine) * (machine.chip.power.idle?.value ?? 0));
  });

  test('an idle tray of the NVL72 and one at its maximum draw what its maker states', () => {
    const { sources } = sourcesOf(loadMachine('gb200-nvl72'));
    const tray = sources.filter(({ idle }) => idle.group !== 'fabric');
    expect(4 * tray.reduce((sum, { idle }) => sum + idle.watts, 0)).toBeCloseTo(1000, 6);
    expect(4 * tray.reduce((sum, { idle, range }) => sum + idle.watts + range.watts, 0)).toBeCloseTo(6667, 6);
  });
});

describe('runs', () => {
  test.each(['power-nvl72', 'power-h200', 'closed-loop'])('%s: series, parts and scopes are sums of the same energy', async (name) => {
    const { energy, window, cost, throughput, machine } = await ran(name);
    const { series, parts, mean, peak, idle, max, interval, scopes, coverage } = energy;
    const inside = series.filter(({ at }) => at > window.from && at < window.to);
    expect(inside.length * interval).toBeCloseTo(window.to - window.from, 9);
    expect(inside.reduce((sum, point) => sum + powerOf(point), 0) / inside.length / mean).toBeCloseTo(1, 9);
    expect(parts.reduce((sum, { watts }) => sum + watts, 0) / mean).toBeCloseTo(1, 12);
    expect(Math.max(...series.map(powerOf))).toBeLessThanOrEqual(peak);
    for (const point of series) {
      expect(powerOf(point)).toBeGreaterThanOrEqual(idle * (1 - 1e-9));
      expect(powerOf(point)).toBeLessThanOrEqual(max * (1 + 1e-9));
    }
    const work = parts.filter(({ group }) => group === 'work').reduce((sum, { watts }) => sum + watts, 0);
    expect(energy.engines.reduce((sum, { watts }) => sum + watts, 0) / work).toBeCloseTo(1, 9);
    const node = scopes.find(({ word }) => word === 'node');
    const fabric = scopes.find(({ name: scope }) => scope === 'fabric');
    expect(((node?.watts ?? 0) * (node?.count ?? 0) + (fabric?.watts ?? 0)) / mean).toBeCloseTo(1, 9);
    const chips = scopes.filter(({ word }) => word === machine.chipWord).reduce((sum, { watts, count }) => sum + watts * count, 0);
    expect(chips).toBeCloseTo(work + parts.filter(({ group }) => group === 'rest').reduce((sum, { watts }) => sum + watts, 0), 6);
    expect(coverage.known + coverage.bounded + coverage.assumed).toBeCloseTo(1, 9);
    expect(cost.joulesPerToken).toBeCloseTo(mean / throughput.outputTokens, 9);
    expect((cost.tokensPerSecondPerMegawatt ?? 0) * (cost.joulesPerToken ?? 0)).toBeCloseTo(1e6, 3);
  });

  test('more traffic draws more power and less energy a token; no traffic to speak of draws little more than nothing to do', async () => {
    const rates = await Promise.all(
      [0.05, 4, 20].map((rate) => ran('h100-llama-3.1-70b', [`workload.rate=${rate}/s`, ...(rate < 1 ? ['workload.requests=40'] : [])])),
    );
    const powers = rates.map(({ energy }) => energy.mean);
    expect(powers.toSorted((a, b) => a - b)).toEqual(powers);
    const energies = rates.map(({ cost }) => cost.joulesPerToken ?? Number.NaN);
    expect(energies.toSorted((a, b) => b - a)).toEqual(energies);
    const [quiet] = rates;
    expect((quiet?.energy.mean ?? 0) / (quiet?.energy.idle ?? 1)).toBeLessThan(2);
    expect(rates.every(({ energy }) => energy.peak <= energy.max)).toBe(true);
  });

  test('a machine that must be bought costs its purchase over its life, and electricity', async () => {
    const { cost, energy, throughput } = await ran('power-cloudmatrix384');
    const machine = loadMachine('cloudmatrix384');
    const { life, electricity } = loadPowerFacts().ownership;
    const rate = ((machine.price?.value ?? 0) * 40) / 384 / life.value + energy.mean * electricity.value;
    expect(cost.basis).toBe('owned');
    expect(cost.dollarsPerMillionTokens).toBeCloseTo((rate / throughput.outputTokens) * 1e6, 9);
    expect(cost.note).toMatch(/purchase/);
  });
});

describe('what is wrong is listed', () => {
  test('draws of a machine', () => {
    const file = parseFile(`${root}data/machines/hgx-h200.yaml`) as Record<string, unknown>;
    const figure = { value: '10 W', kind: 'sheet', source: 'a test' };
    const read = (draws: unknown, rest: object = {}) => issuesOf(() => readMachine({ ...file, ...rest, draws }, 'm.yaml', (chip) => loadChip(chip)));
    expect(read([{ name: 'fans', group: 'colling', per: 'rack', max: figure }])).toMatch(/draws\[0\]\.group: .*cooling[\s\S]*draws\[0\]\.per: /);
    expect(read([{ name: 'optics', group: 'fabric', per: 'module', max: figure }])).toMatch(/draws\[0\]\.plane: expected the plane whose modules these are/);
    expect(read([{ name: 'switches', group: 'fabric', per: 'switch', plane: 'ub', max: figure }])).toMatch(
      /draws\[0\]\.plane: expected one of pcie, nvlink, rdma, ethernet, got ub/,
    );
    expect(read([{ name: 'CPUs', group: 'host', per: 'cpu', idle: { ...figure, value: '20 W' }, max: figure }])).toMatch(
      /draws\[0\]\.idle: expected at most the 10 W/,
    );
    expect(read(undefined, { losses: { ...figure, value: 1 }, pue: { ...figure, value: 0.9 } })).toMatch(/pue.*at least 1/);
    expect(read(undefined, { losses: { ...figure, value: 1 } })).toMatch(/losses: expected a share below 1/);
  });

  test('facts about power', () => {
    const facts = parseFile(`${root}data/power.yaml`) as { readonly activity: Record<string, unknown> };
    const { memory, ...rest } = facts.activity;
    expect(issuesOf(() => readPowerFacts({ ...facts, activity: { ...rest, running: memory } }, 'p.yaml'))).toMatch(
      /activity\.running\.value: .*share[\s\S]*activity\.memory: .*nothing/,
    );
    expect(issuesOf(() => readPowerFacts({ ...facts, activity: { ...facts.activity, cube: memory } }, 'p.yaml'))).toMatch(/unknown key/);
  });
});
