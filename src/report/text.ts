import type { Report } from './block.ts';
import { comparisonOf } from './comparison.ts';
import { reportOf } from './report.ts';
import type { Summary } from './summary.ts';
import { fit, ink, type Ink, length, wrap } from './terminal.ts';
import { blockLines, columnWidth } from './text-blocks.ts';

export interface TextOptions {
  /** Columns of the terminal; no line is longer. At least 80. */
  readonly width?: number | undefined;
  /** Whether to set text with ANSI codes. */
  readonly colour?: boolean | undefined;
}

function heading(title: string, width: number, paint: Ink): string {
  return paint('bold', `── ${title} ${'─'.repeat(Math.max(0, width - length(title) - 4))}`);
}

function facts(report: Report, width: number, paint: Ink): readonly string[] {
  const label = columnWidth(
    report.facts.map((fact) => fact.label),
    36,
  );
  return report.facts.flatMap((fact) =>
    fact.lines.flatMap((line) => wrap(line, width - label - 2)).map((line, index) => `${paint('dim', fit(index === 0 ? fact.label : '', label))}  ${line}`),
  );
}

function headlines(report: Report, width: number, paint: Ink): readonly string[] {
  const label = columnWidth(
    report.headlines.map((headline) => headline.label),
    28,
  );
  const value = columnWidth(
    report.headlines.map((headline) => headline.value),
    20,
  );
  const range = columnWidth(
    report.headlines.map((headline) => headline.range ?? ''),
    32,
  );
  // On a narrow terminal the range opens the note.
  const beside = range > 0 && width - label - value - range - 8 >= 24;
  const gap = beside ? range + 2 : 0;
  return report.headlines.flatMap((headline) => {
    const own = headline.range ?? '';
    const text = beside || own === '' ? headline.note : `${own}; ${headline.note}`;
    return wrap(text, width - label - value - gap - 6).map((note, index) => {
      const figure = fit(index === 0 ? headline.value : '', value, 'right');
      const interval = beside ? `${fit(index === 0 ? own : '', range)}  ` : '';
      const painted = headline.tone === 'plain' ? paint('bold', figure) : paint(headline.tone === 'good' ? 'green' : 'yellow', figure);
      return `  ${fit(index === 0 ? headline.label : '', label)}  ${painted}  ${interval}${paint('dim', note)}`.trimEnd();
    });
  });
}

/** A report for a terminal. */
export function reportText(report: Report, { width = 110, colour = false }: TextOptions): string {
  const columns = Math.max(80, Math.min(160, width));
  const paint = ink(colour);
  const parts: (readonly string[])[] = [
    wrap(report.title, columns)
      .map((line) => paint('bold', line))
      .concat(wrap(report.subtitle, columns).map((line) => paint('dim', line))),
    facts(report, columns, paint),
    report.verdict.flatMap((line) => wrap(line, columns)),
  ];
  if (report.headlines.length > 0) parts.push([heading('In short', columns, paint), ...headlines(report, columns, paint)]);
  for (const section of report.sections) {
    const blocks = section.blocks.map((block) => blockLines(block, columns, paint)).filter((lines) => lines.length > 0);
    parts.push([heading(section.title, columns, paint), ...blocks.flatMap((lines, index) => (index === 0 ? lines : ['', ...lines]))]);
  }
  parts.push([heading('Reproduce', columns, paint), ...report.reproduce.flatMap((line) => wrap(line, columns - 2).map((part) => `  ${part}`))]);
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** The report of one run for a terminal. */
export function textReport(summary: Summary, options: TextOptions = {}): string {
  return reportText(reportOf(summary), options);
}

/** Two to four runs side by side for a terminal. */
export function compareReport(summaries: readonly Summary[], options: TextOptions = {}): string {
  return reportText(comparisonOf(summaries), options);
}
