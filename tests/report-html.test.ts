import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { htmlCompare, htmlReport } from '../cli/report/html.ts';
import { arbitrarySummary } from './fixtures/arbitrary-summary.ts';
import { empty, other, summary } from './fixtures/summary.ts';

const pages = {
  'a run': await htmlReport(summary),
  'an empty run': await htmlReport(empty),
  'a comparison': await htmlCompare([summary, other]),
};

describe.each(Object.entries(pages))('the page of %s', (_, page) => {
  const { document } = parseHTML(page);

  test('needs nothing beside itself and runs no script', () => {
    expect(page).not.toMatch(/https?:|\/\/[a-z]|@import|url\(|<script|<link|<iframe|\son\w+=/i);
  });

  test('gives every figure a caption and every chart a name', () => {
    const figures = [...document.querySelectorAll('figure')];
    expect(figures.filter((figure) => (figure.querySelector('figcaption')?.textContent ?? '').trim() === '')).toEqual([]);
    const charts = [...document.querySelectorAll('figure.chart > svg')];
    expect(charts.filter((chart) => (chart.getAttribute('aria-label') ?? '') === '')).toEqual([]);
    expect([...document.querySelectorAll('svg')].filter((svg) => svg.getAttribute('aria-hidden') !== 'true' && svg.closest('figure') === null)).toEqual([]);
  });

  test('gives every table a caption or a captioned figure, and headers to its columns and rows', () => {
    for (const table of document.querySelectorAll('table')) {
      expect(table.querySelector('caption') ?? table.closest('figure')?.querySelector('figcaption')).not.toBeNull();
      expect([...table.querySelectorAll('th')].filter((th) => th.getAttribute('scope') === null)).toEqual([]);
      for (const row of table.querySelectorAll('tbody tr')) expect(row.querySelector('th[scope=row]')).not.toBeNull();
    }
  });

  test('links to sections that are there', () => {
    const targets = [...document.querySelectorAll('nav a')].map((link) => link.getAttribute('href')?.slice(1) ?? '');
    expect(targets.filter((id) => document.getElementById(id) === null)).toEqual([]);
    expect(new Set(targets).size).toBe(targets.length);
  });

  test('shows no missing value as a word', () => {
    expect(document.body.textContent).not.toMatch(/\b(NaN|undefined|null|Infinity)\b|\[object/);
    expect(page).not.toMatch(/="(NaN|undefined|[^"]*\bNaN\b[^"]*)"/);
  });
});

describe('the page of a run', () => {
  const { document } = parseHTML(pages['a run']);

  test('has a chart for each series and each latency, with the unit on both axes', () => {
    const charts = [...document.querySelectorAll('figure.chart')];
    expect(charts.length).toBe(11);
    const labelled = charts.map((chart) => [...chart.querySelectorAll('[aria-label$="-axis label"]')].map((axis) => axis.textContent));
    expect(labelled.every(([y, x]) => /\(.+\)|requests/.test(y ?? '') && /\(.+\)|percentile/.test(x ?? ''))).toBe(true);
  });

  test('draws the steady window in every chart over time', () => {
    expect(document.querySelectorAll('figure.chart [fill="var(--window)"]').length).toBe(7);
  });

  test('stacks power by group, each with its key', () => {
    const power = [...document.querySelectorAll('figure.chart')].find((chart) => chart.querySelector('[aria-label="area"]') !== null);
    const fills = [...(power?.querySelectorAll('[aria-label="area"]') ?? [])].map((area) => area.getAttribute('fill'));
    expect(fills).toEqual(['var(--part-1)', 'var(--part-2)', 'var(--part-3)', 'var(--part-4)']);
    expect([...(power?.querySelectorAll('.legend path') ?? [])].map((key) => key.getAttribute('class'))).toEqual(['fill-1', 'fill-2', 'fill-3', 'fill-4']);
  });
});

test('names from files are text, not markup', async () => {
  const page = await htmlReport({ ...summary, scenario: '<img src=x onerror=alert(1)>' });
  expect(page).not.toContain('<img');
  expect(page).toContain('&lt;img src=x');
});

test('times and values too small to draw make an empty chart', async () => {
  const points = summary.series.slice(0, 4).map((point, i) => ({ ...point, at: i * 5e-324, outputTokensPerSecond: 5e-324, ttftP50: 5e-324, ttftP99: 1e-300 }));
  await expect(htmlReport({ ...summary, series: points })).resolves.toContain('</html>');
});

test('a page is made of any summary', async () => {
  await fc.assert(
    fc.asyncProperty(arbitrarySummary, async (any) => {
      const { document } = parseHTML(await htmlReport(any));
      expect(document.body.textContent).not.toMatch(/\b(NaN|undefined|null|Infinity)\b|\[object/);
    }),
    { numRuns: 10 },
  );
});
