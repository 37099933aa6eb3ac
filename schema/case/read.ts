import { InputError } from '../../src/base/errors.ts';
import { unitOf } from '../../src/ledger/answer.ts';
import type { CaseSource, LedgerCase, Tolerance } from '../../src/ledger/case.ts';
import { measureText, parseMeasure } from '../../src/ledger/measure.ts';
import type { Question } from '../../src/ledger/question.ts';
import { Problems } from '../scenario/problems.ts';
import { readShape } from '../scenario/shape.ts';
import { questionKeys, type CaseFile } from './file.ts';
import { caseFile } from './keys.ts';
import { questionOf, type CaseContext } from './question.ts';

/**
 * A case from the content of its file. `path` names the file in errors.
 * @throws InputError with everything that is wrong
 */
export async function readCase(value: unknown, path: string, context: CaseContext): Promise<LedgerCase> {
  const problems = new Problems(path);
  const file = readShape(caseFile, value, problems);
  for (const key of ['id', 'title', 'kind', 'basis', 'source', 'measured', 'tolerance'] as const)
    if (file[key] === undefined && !problems.covers(key)) problems.add(key, `expected ${wanted[key]}, got nothing`);
  if (file.id !== undefined && !/^[a-z0-9][a-z0-9.-]*$/.test(file.id)) problems.add('id', `expected small letters, digits, dots and hyphens, got "${file.id}"`);
  for (const key of ['document', 'tag'] as const)
    if (file.source !== undefined && file.source[key] === undefined && !problems.covers(`source.${key}`))
      problems.add(`source.${key}`, key === 'document' ? 'expected the document, got nothing' : 'expected one of P, F, S, D, M, got nothing');
  const question = await theQuestion(file, context, problems);
  const measured = measuredOf(file, question, problems);
  const tolerance = toleranceOf(file, problems);
  if (question !== undefined && file.experts === undefined && hasExperts(question) && !problems.covers('experts'))
    problems.add('experts', 'the model has experts: expected how even their load was, such as "uniform" or "0.11 behind EPLB, an assumption", got nothing');
  problems.throwIfAny();
  const { id, title, kind, family, basis, source, experts, assumes = [], missing } = file;
  return { id, title, kind, family, basis, source: source as CaseSource, question, experts, assumes, measured, tolerance, missing, file: path } as LedgerCase;
}

const wanted = {
  id: 'the name of the case',
  title: 'a line that says what was measured',
  kind: 'one of operator, link, layer, step, serving, system',
  basis: 'fitted or predicted',
  source: 'a source { document, place, tag }',
  measured: 'the measured figure with its unit',
  tolerance: 'a tolerance such as "10 %", "10 points" or "exact"',
} as const;

async function theQuestion(file: CaseFile, context: CaseContext, problems: Problems): Promise<Question | undefined> {
  const asked = questionKeys.filter((key) => file[key] !== undefined);
  const [key, second] = asked;
  if (key === undefined) {
    if (!questionKeys.some((one) => problems.covers(one))) problems.add('', `expected one of ${questionKeys.join(', ')}, got none of them`);
    return undefined;
  }
  if (second !== undefined) {
    problems.add(second, `a case asks one question; "${key}" is there already`);
    return undefined;
  }
  const question = await problems.attempt(key, () => questionOf(file, key, problems, context));
  return question;
}

function measuredOf({ measured }: CaseFile, question: Question | undefined, problems: Problems) {
  if (measured === undefined) return undefined;
  const parsed = parseMeasure(measured);
  if ('problem' in parsed) {
    problems.add('measured', parsed.problem);
    return undefined;
  }
  const unit = question === undefined ? parsed.unit : unitOf(question);
  if (unit === parsed.unit) return parsed;
  problems.add('measured', `the question asks for a figure such as "${measureText(1, unit)}", got "${measured}"`);
  return undefined;
}

function toleranceOf({ tolerance, gain }: CaseFile, problems: Problems): Tolerance | undefined {
  if (tolerance === undefined) return undefined;
  const isGain = gain !== undefined;
  if (tolerance === 'exact' && !isGain) return { size: 0, of: 'measured' };
  const [, size, unit] = /^\s*(\d+(?:\.\d+)?)\s*(%|points)\s*$/.exec(tolerance) ?? [];
  if (size !== undefined && (unit === 'points') === isGain) return { size: Number(size) / 100, of: isGain ? 'points' : 'measured' };
  problems.add('tolerance', isGain ? `expected points of the gain such as "10 points", got "${tolerance}"` : `expected "10 %" or "exact", got "${tolerance}"`);
  return undefined;
}

function hasExperts(question: Question): boolean {
  switch (question.kind) {
    case 'step':
    case 'layer':
      return question.work.setting.model.groups.some(({ feedForward }) => feedForward.kind === 'experts');
    case 'serving':
      return question.scenario.model.groups.some(({ feedForward }) => feedForward.kind === 'experts');
    case 'gain':
      return hasExperts(question.with);
    case 'operator':
    case 'path':
    case 'collective':
    case 'exchange':
    case 'system':
      return false;
  }
}

/** Complains of two cases of one name. @throws InputError */
export function checkUnique(cases: readonly LedgerCase[]): void {
  const first = new Map<string, LedgerCase>();
  const issues = cases.flatMap((one) => {
    const other = first.get(one.id);
    if (other === undefined) first.set(one.id, one);
    return other === undefined ? [] : [{ path: `${one.file}: id`, message: `"${one.id}" is the name of ${other.file} already` }];
  });
  if (issues.length > 0) throw new InputError(issues);
}
