import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbitrarySummary } from '../../tests/fixtures/arbitrary-summary.ts';
import { empty, other, summary } from '../../tests/fixtures/summary.ts';
import { percentages } from './shares.ts';
import type { Summary } from './summary.ts';
import { gauge, sparkline, wrap } from './terminal.ts';
import { compareReport, textReport } from './text.ts';

const nothing = /\b(NaN|undefined|null|Infinity)\b|\[object/;

/** A report whose names hold no digits, so that every number in it is a figure. */
const plainlyNamed: Summary = {
  ...summary,
  scenario: 'a run',
  machine: { ...summary.machine, title: 'a machine', chip: 'a chip' },
  model: { ...summary.model, name: 'a model' },
  precision: '',
  workload: 'chat',
  pools: summary.pools.map((pool) => ({ ...pool, layout: '' })),
  doubts: [],
};

function withoutReproduce(text: string): string {
  return text.slice(0, text.indexOf('── Reproduce'));
}

const unit =
  /^ ?(?:%|[kMGTPµmn]?[sBWJ]\b|min\b|[kM]?tok\/|req\/s|J\/tok|\$\/|tokens?\b|requests?\b|chips?\b|[NG]PUs?\b|dies?\b|nodes?\b|racks?\b|fabric\b|instances?\b|steps?\b|gaps?\b|points?\b|KV blocks?\b|lookups?\b|evictions?\b|preemptions?\b|mean request residences|billion|of \d+ (?:chips|[NG]PUs)|runs?\b|at the start|at its end|to (?=[\d,.]+ (?:%|[kM]?tok|[kmµ]?s\b|req|J|\$)))/;

function bareNumbers(text: string): readonly string[] {
  return [...text.matchAll(/(?<![\w.,])\d[\d,]*(?:\.\d+)?/g)]
    .filter(({ 0: digits, index }) => !unit.test(text.slice(index + digits.length)))
    .map(({ 0: digits, index }) => text.slice(index - 12, index + digits.length + 12));
}

describe('the text report', () => {
  test('gives every number a unit', () => {
    expect(bareNumbers(withoutReproduce(textReport(plainlyNamed)))).toEqual([]);
    expect(bareNumbers(withoutReproduce(compareReport([plainlyNamed, { ...plainlyNamed, scenario: 'another run' }]).replaceAll('tok/$', 'tok/s')))).toEqual([]);
  });

  test('says what is not known as a dash or in words', () => {
    const text = textReport(empty);
    expect(text).not.toMatch(nothing);
    expect(text).toMatch(/No request finished/);
    expect(text).toMatch(/Power, mean of the window +not known/);
    expect(text).not.toMatch(/Prefix cache/);
  });

  test('shows what limits the run, the window and the objective', () => {
    const text = textReport(summary).replaceAll(/\s+/g, ' ');
    expect(text).toContain('The decode pool binds first, at 80.3 % of what it sustains');
    expect(text).toContain('97.2 % of the finished requests meet TTFT ≤ 2.00 s and TPOT ≤ 50.0 ms');
    expect(text).toContain('Measured from 52.4 s to 238 s of a run of 244 s');
  });

  test('says where first tokens leave from, if there are two places', () => {
    expect(textReport(summary)).toContain('The first token leaves from prefill.');
    const merged = { ...summary, pools: summary.pools.slice(-1).map((pool) => ({ ...pool, role: 'merged' as const })) };
    expect(textReport(merged)).not.toContain('first token leaves');
  });

  test('says why goodput is low', () => {
    const low = { ...summary, goodput: { ...summary.goodput, share: 0.41, note: '59 % of the requests miss the TPOT objective' } };
    expect(textReport(low).replaceAll(/\s+/g, ' ')).toContain('59 % of the requests miss the TPOT objective.');
  });

  test('says how many were turned away, at the head and beside goodput', () => {
    const turned = { ...summary, goodput: { ...summary.goodput, share: 0.1, lost: { rejected: 1780, failed: 1, share: 0.894 } } };
    const text = textReport(turned).replaceAll(/\s+/g, ' ');
    expect(text).toContain('10.0 % of the requests meet TTFT ≤ 2.00 s and TPOT ≤ 50.0 ms.');
    expect(text).toContain('Turned away in the window: 1,780 requests rejected and 1 request failed.');
    expect(text).toContain('10.0 % meet TTFT ≤ 2.00 s and TPOT ≤ 50.0 ms; 0.4 % miss TTFT, 2.6 % miss TPOT and 89.4 % are rejected or fail');
    const unasked = textReport({ ...turned, goodput: { ...turned.goodput, slo: {} } });
    expect(unasked).toContain('Turned away in the window');
    expect(textReport(summary)).not.toContain('Turned away');
  });

  test('never throws, prints no missing value, and keeps to its width, whatever the summary', () => {
    fc.assert(
      fc.property(arbitrarySummary, fc.integer({ min: 80, max: 140 }), (any, width) => {
        const text = textReport(any, { width });
        expect(text).not.toMatch(nothing);
        expect(Math.max(...text.split('\n').map((line) => Array.from(line).length))).toBeLessThanOrEqual(width);
      }),
      { numRuns: 60 },
    );
  });

  test('is the same text in colour', () => {
    // oxlint-disable-next-line no-control-regex -- colour is control characters
    expect(textReport(summary, { colour: true }).replaceAll(/\u001b\[\d+m/g, '')).toBe(textReport(summary));
  });
});

describe('the comparison', () => {
  const text = compareReport([summary, other]);

  test('marks the best of each row and the difference to the first', () => {
    expect(text).toMatch(/output per chip in use +753 tok\/s +\* 1,904 tok\/s \(\+152\.8 %\)/);
    expect(text).toMatch(/chips in use +256 chips +\* 72 chips \(−71\.9 %\)/);
    expect(text).toMatch(/meet the objective +97\.2 % \(81\.0 to 99\.0 %\) +\* 99\.3 % \(\+2\.1 points, intervals overlap\)/);
  });

  test('marks nothing where all are equal or only one is known', () => {
    expect(text).toMatch(/ITL p50 +38\.8 ms +38\.8 ms \(± 0 %\)/);
    expect(text).toMatch(/cost of output tokens +0\.860 \$\/Mtok +–/);
  });

  test('warns that runs differ in more than the machine', () => {
    expect(compareReport([summary, { ...other, seed: 2, model: { ...other.model, name: 'another model' } }])).toContain(
      'The runs differ in their models and seeds too.',
    );
  });

  test('tells runs of one name apart in what it warns of', () => {
    const text = compareReport([summary, { ...summary, window: { ...summary.window, steady: false } }]);
    expect(text).toContain(`${summary.scenario} (2) did not reach a steady state.`);
  });

  test('never throws and prints no missing value, whatever the summaries', () => {
    fc.assert(
      fc.property(fc.array(arbitrarySummary, { minLength: 1, maxLength: 4 }), (summaries) => {
        expect(compareReport(summaries)).not.toMatch(nothing);
      }),
      { numRuns: 25 },
    );
  });
});

describe('shares', () => {
  test('of one whole are shown so that they add up to 100.0 %', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 12 }), (weights) => {
        const sum = weights.reduce((total, weight) => total + weight, 0);
        fc.pre(sum > 0);
        const tenths = percentages(weights.map((weight) => weight / sum)).map((words) => Math.round(Number(words.replace(' %', '')) * 10));
        expect(tenths.reduce((total, n) => total + n, 0)).toBe(1000);
      }),
    );
  });

  test('of several wholes are rounded one by one', () => {
    expect(percentages([0.9, 0.5])).toEqual(['90.0 %', '50.0 %']);
  });
});

describe('the terminal', () => {
  test('draws bars of exactly their width, and anything above nothing as something', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 60 }), (share, width) => {
        const drawn = gauge(share, width);
        expect(Array.from(drawn)).toHaveLength(width);
        expect(drawn === '·'.repeat(width)).toBe(share === 0);
      }),
    );
  });

  test('draws a gap where there is no figure and the highest value full', () => {
    expect(sparkline([0, NaN, 8], 3)).toBe('▁ █');
    expect(Array.from(sparkline([], 5))).toHaveLength(5);
  });

  test('breaks lines at spaces, but not between a number and its unit', () => {
    expect(wrap('it takes 41.2 ms', 13)).toEqual(['it takes', '41.2 ms']);
  });
});
