import { describe, expect, test } from 'vitest';
import { dataNames, readData } from '../cli/data.ts';
import { type LengthsPreset, readPreset } from '../schema/traces/preset.ts';
import { InputError } from '../src/base/errors.ts';
import { traceOf } from '../src/serving/traffic/columns.ts';
import { traceStatistics } from '../src/serving/traffic/statistics.ts';
import type { Workload } from '../src/serving/traffic/workload.ts';
import { errorsOf, poolFigures, poolSources, sessionFigures, sessionSource } from './traffic-figures.ts';
import { fitOf } from './workload-fit.ts';
import { sourcesHere, workloadSources } from './workload-sources.ts';

function presetNamed(name: string): LengthsPreset {
  const preset = readPreset(readData('workloads', name, 'workload').value, name);
  if (preset.kind !== 'lengths') throw new Error(`${name} is of another kind`);
  return preset;
}

if (!sourcesHere) process.stdout.write('skipped: the fit of the presets, as ../shared/traces is not there\n');

describe.skipIf(!sourcesHere)('presets of sessions and of clients', () => {
  const statedOf = (name: string) => (readData('workloads', name, 'workload').value as { readonly fit: Readonly<Record<string, number>> }).fit;
  const presetOf = (name: string) => readPreset(readData('workloads', name, 'workload').value, name);
  const near = (name: string, found: Readonly<Record<string, number>>) => {
    const stated = statedOf(name);
    expect(Object.keys(stated)).toEqual(Object.keys(found));
    for (const [figure, error] of Object.entries(found)) expect(Math.abs(error - (stated[figure] ?? Number.NaN)), figure).toBeLessThan(1e-4);
  };

  test('agentic is as near to the recorded sessions as its file says', async () => {
    const errors = errorsOf(sessionFigures(presetOf('agentic')), sessionFigures(await sessionSource()));
    near('agentic', errors);
    const { turns = 1, 'input-mean': input = 1, 'output-mean': output = 1, 'think-mean': think = 1, hits = 1 } = errors;
    for (const error of [turns, input, output, think, hits]) expect(Math.abs(error)).toBeLessThan(0.06);
  }, 60_000);

  test.each(Object.keys(poolSources))(
    '%s is as near to its clients as its file says',
    async (name) => {
      const pool = await poolSources[name]?.();
      if (pool === undefined) throw new Error(name);
      const errors = errorsOf(poolFigures(presetOf(name)), poolFigures(pool));
      near(name, errors);
      for (const key of ['rate', 'peak-hour', 'input-mean', 'input-p50', 'input-p95', 'output-mean', 'output-p95'])
        expect(Math.abs(errors[key] ?? 1), key).toBeLessThan(0.05);
    },
    60_000,
  );
});

describe('workload presets', () => {
  test('every preset has a source and every source a preset', () => {
    const kinds = dataNames('workloads').map((name) => [name, readPreset(readData('workloads', name, 'workload').value, name).kind] as const);
    expect(kinds.flatMap(([name, kind]) => (kind === 'lengths' ? [name] : []))).toEqual(Object.keys(workloadSources).sort());
  });

  test.skipIf(!sourcesHere).each(Object.keys(workloadSources))('%s is as near to its source as its file says', async (name) => {
    const source = await workloadSources[name]?.();
    if (source === undefined) throw new Error(name);
    const preset = presetNamed(name);
    const stated = (readData('workloads', name, 'workload').value as { fit: { input: Record<string, number>; output: Record<string, number> } }).fit;
    for (const side of ['input', 'output'] as const) {
      const fit = fitOf(preset[side], source[side]);
      for (const [figure, error] of Object.entries(fit)) expect(Math.abs(error - (stated[side][figure] ?? Number.NaN)), `${side} ${figure}`).toBeLessThan(1e-4);
      expect(Math.abs(fit.mean)).toBeLessThan(0.005);
      expect(Math.max(Math.abs(fit.p50), Math.abs(fit.p90), Math.abs(fit.p95), Math.abs(fit.p99))).toBeLessThan(0.001);
      expect(fit.distance).toBeLessThan(0.05);
    }
    expect(preset.cv).toBeCloseTo(source.cv, 1.9);
    const workload: Workload = {
      kind: 'generator',
      name,
      arrivals: { kind: 'gamma', rate: 1, cv: preset.cv },
      input: preset.input,
      output: preset.output,
      reuse: preset.reuse,
      requests: 12_031,
      seed: 9,
    };
    const hitShare = traceStatistics(traceOf(workload)).reuse?.hitShare;
    expect(Math.abs((hitShare ?? 0) - (source.hitShare ?? 0))).toBeLessThan(0.01);
  });

  const good = readData('workloads', 'long-context', 'workload').value as Record<string, unknown>;
  test.each([
    ['an unknown key', { ...good, rate: 3 }, /rate: unknown key/],
    ['a missing key', { ...good, arrivals: undefined }, /arrivals: /],
    [
      'a share above 1',
      {
        ...good,
        input: [
          [0, 1],
          [1.2, 5],
        ],
      },
      /share/,
    ],
    [
      'shares that fall',
      {
        ...good,
        input: [
          [0, 1],
          [0.5, 5],
          [0.4, 9],
          [1, 10],
        ],
      },
      /rise from 0 to 1/,
    ],
    [
      'shares that end early',
      {
        ...good,
        input: [
          [0, 1],
          [0.5, 5],
        ],
      },
      /rise from 0 to 1/,
    ],
    [
      'tokens that fall',
      {
        ...good,
        output: [
          [0, 10],
          [1, 5],
        ],
      },
      /do not fall/,
    ],
    [
      'no tokens',
      {
        ...good,
        output: [
          [0, 0],
          [1, 5],
        ],
      },
      /at least 1/,
    ],
    ['one knot', { ...good, output: [[0, 1]] }, /at least 2 items/],
    ['a negative variation', { ...good, arrivals: { cv: -1 } }, /at least 0/],
    ['a window of nothing', { ...good, reuse: { share: 0.5, 'block-tokens': 512, window: 0 } }, /window: expected a whole number of at least 1/],
    ['a list', [], /expected a map/],
    ['nothing', null, /expected a map/],
  ])('%s is refused', (_, value, message) => {
    expect(() => readPreset(value, 'mine.yaml')).toThrow(InputError);
    expect(() => readPreset(value, 'mine.yaml')).toThrow(message);
  });
});
