import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { recordedIntervals } from '../cli/validate/intervals.ts';
import { judgeAll } from '../cli/validate/judge.ts';
import { loadCases, shippedCases } from '../cli/validate/load.ts';
import { grown, readRecord } from '../cli/validate/record.ts';
import { loadCalibration } from '../cli/calibration.ts';
import { ledgerPage } from '../cli/validate/trust.ts';
import { caseKinds, type LedgerCase } from '../src/ledger/case.ts';
import type { CaseResult } from '../src/ledger/result.ts';
import { findCell } from '../src/cost/calibration/find.ts';
import type { Machine } from '../src/catalogue/machine.ts';
import type { Question } from '../src/ledger/question.ts';
import { exchangeModel } from '../src/network/exchange.ts';
import { scoresOf } from '../src/ledger/score.ts';
import { factRows, measuredAndPrimary } from './facts-rows.ts';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const facts = at('../../shared/FACTS.md');
const patience = 300_000;

/** The machine of a collective or an exchange, and the sources of the constants that may price it; undefined of other questions. */
function linkSources(question: Question): { readonly machine: Machine; readonly texts: readonly string[] } | undefined {
  if (question.kind === 'exchange') {
    const { kernel } = exchangeModel(question.machine, question.stack, question.kernel, question.ranks);
    return kernel === undefined ? undefined : { machine: question.machine, texts: [kernel.dispatch.start.source] };
  }
  if (question.kind !== 'collective') return undefined;
  const { machine, stack, library, operation } = question;
  const ways = stack.collectives.filter(
    (way) => way.library === library && way.operation === operation && way.generations?.includes(machine.chip.generation) === true,
  );
  return { machine, texts: ways.map((way) => way.start.source) };
}

let cases: readonly LedgerCase[] = [];
let results: readonly CaseResult[] = [];

beforeAll(async () => {
  cases = await loadCases([shippedCases]);
  results = judgeAll(cases, recordedIntervals);
}, patience);

describe('the ledger', () => {
  test('no error has grown by more than a point since it was recorded (npx supernode validate --record writes what is now)', () => {
    expect(grown(results, readRecord())).toEqual([]);
  });

  test('records nothing of cases that are no more', () => {
    const ids = new Set(cases.map(({ id }) => id));
    expect(Object.keys(readRecord()).filter((id) => !ids.has(id))).toEqual([]);
  });

  test('is told on the page of trust (npx supernode validate --record writes it)', () => {
    expect(readFileSync(at('../docs/trust.md'), 'utf8')).toBe(ledgerPage(results));
  });

  test('is told in the README by the same medians', () => {
    const told = /Median error of what was predicted: ([^]*?layers [\d.]+ %)/.exec(readFileSync(at('../README.md'), 'utf8'))?.[1]?.replace(/\s+/g, ' ');
    const median = (wanted: (typeof caseKinds)[number]): string => {
      const score = scoresOf(results).find(({ kind, basis }) => kind === wanted && basis === 'predicted');
      return `${Number(((score?.median ?? Number.NaN) * 100).toFixed(1))} %`;
    };
    expect(told).toBe(
      `steps ${median('step')}, serving ${median('serving')}, facts of whole systems ${median('system')}, links ${median('link')}, layers ${median('layer')}`,
    );
  });

  test('has cases of every kind, each in a file of its name', () => {
    expect([...new Set(cases.map(({ kind }) => kind))].sort()).toEqual([...caseKinds].sort());
    expect(cases.filter(({ id, file }) => basename(file, '.yaml') !== id).map(({ file }) => file)).toEqual([]);
  });

  test('a figure that constants come from is not called predicted: fewer than one in fifty of a kind is hit to a ten-thousandth, counts apart', () => {
    for (const kind of caseKinds.filter((one) => one !== 'system')) {
      const own = results.filter((result) => result.case.basis === 'predicted' && result.case.kind === kind);
      const hit = own.filter(({ error }) => Math.abs(error) < 1e-4).map((result) => result.case.id);
      expect(hit.length, hit.join(', ')).toBeLessThanOrEqual(Math.ceil(own.length / 50));
    }
  });

  test('a case beyond its tolerance says why, one within it has nothing to explain', () => {
    const silent = results.filter((result) => !result.withinTolerance && !/\w.{20,}\.$/.test(result.case.missing ?? ''));
    expect(silent.map((result) => result.case.id)).toEqual([]);
    expect(results.filter((result) => result.withinTolerance && result.case.missing !== undefined).map((result) => result.case.id)).toEqual([]);
  });

  test('a fitted operator stands on a cell of its own chip and stack, or on rates where there is none', () => {
    const cells = loadCalibration();
    const borrowed = cases.filter(({ basis, question }) => {
      if (basis !== 'fitted' || question.kind !== 'operator') return false;
      const { machine, stack, class: name, format } = question;
      const found = findCell(cells, { chip: machine.chip, stack: stack.name, class: name, format })?.cell;
      return found !== undefined && (found.chip !== machine.chip.name || found.stack !== stack.name || found.format !== format);
    });
    expect(borrowed.map(({ id }) => id)).toEqual([]);
  });

  test('the chip of a fitted dispatch or collective is named by the source of the library, and no predicted collective is from a table that was fitted', () => {
    const wrong = cases.filter(({ basis, question, source: { document } }) => {
      const found = linkSources(question);
      if (found === undefined) return false;
      const name = new RegExp(String.raw`\b(${found.machine.chip.name}|${found.machine.title})(?![0-9a-z])`, 'i');
      const named = found.texts.filter((text) => name.test(text));
      return basis === 'fitted' ? named.length === 0 : question.kind === 'collective' && named.some((text) => text.includes(document));
    });
    expect(wrong.map(({ id }) => id)).toEqual([]);
  });

  test('counts that have to be exact are', () => {
    const exact = results.filter((result) => result.case.tolerance.size === 0);
    expect(exact.length).toBeGreaterThan(10);
    expect(exact.filter(({ withinTolerance }) => !withinTolerance).map((result) => result.case.id)).toEqual([]);
  });

  test('errors by kind', () => {
    const percent = (share: number): string => `${(share * 100).toFixed(1)} %`.padStart(8);
    for (const { kind, basis, cases: count, median, p90, worst } of scoresOf(results))
      process.stdout.write(
        `  ${kind.padEnd(9)}${basis.padEnd(10)}${String(count).padStart(4)} cases: median${percent(median)}, p90${percent(p90)}, worst${percent(worst)}\n`,
      );
    expect(scoresOf(results).reduce((sum, { cases: count }) => sum + count, 0)).toBe(results.length);
  });
});

describe('coverage', () => {
  const coverage = parse(readFileSync(at('../validation/coverage.yaml'), 'utf8')) as Readonly<Record<string, string | readonly string[]>>;

  test('names cases that there are, and every one of them', () => {
    const named = new Set(Object.values(coverage).flatMap((entry) => (typeof entry === 'string' ? [] : entry)));
    const ids = new Set(cases.map(({ id }) => id));
    expect([...named].filter((id) => !ids.has(id))).toEqual([]);
    expect([...ids].filter((id) => !named.has(id))).toEqual([]);
  });

  if (!existsSync(facts)) process.stdout.write('skipped: coverage of the facts, as ../shared/FACTS.md is not there\n');
  test.skipIf(!existsSync(facts))('every measured and primary row of sections 2 to 6 has cases, or a reason why it has none', () => {
    const rows = factRows(readFileSync(facts, 'utf8'));
    const wanted = measuredAndPrimary(rows);
    const covered = wanted.filter(({ key }) => typeof coverage[key] === 'object');
    const reasoned = wanted.filter(({ key }) => typeof coverage[key] === 'string' && coverage[key].length > 10);
    process.stdout.write(`facts: ${wanted.length} measured and primary rows, ${covered.length} covered, ${reasoned.length} not covered with a reason\n`);
    expect(wanted.length).toBeGreaterThan(200);
    expect(wanted.filter(({ key }) => coverage[key] === undefined).map(({ key, cells }) => `${key} ${cells[0] ?? ''}`)).toEqual([]);
    expect(covered.length + reasoned.length).toBe(wanted.length);
    const keys = new Set(rows.map(({ key }) => key));
    expect(Object.keys(coverage).filter((key) => /^[2-6]\./.test(key) && !key.includes('/text/') && !keys.has(key))).toEqual([]);
  });
});
