import type { JSX } from 'preact';
import type { Block, Section } from '../../../src/report/block.ts';
import { comparisonOf } from '../../../src/report/comparison.ts';
import { inWords } from '../../text/translated.ts';
import { language } from '../../text/messages.ts';
import { differences } from './entries.ts';
import { entries } from './state.ts';
import { compareText } from './text.ts';
import { inChinese } from './words.ts';

/** The first section that most people look for. */
const openAtFirst = 'Per chip, per watt, per dollar';

/** The tables of the command line: the best of each row marked, differences to the first with their intervals. */
export function Tables(): JSX.Element {
  const text = compareText();
  const report = comparisonOf(entries.value.flatMap(({ summary }) => (summary === undefined ? [] : [summary])));
  return (
    <section class="tables">
      {report.verdict.length === 0 ? undefined : (
        <div class="card caution">
          <strong>{text.caution}</strong>
          <ul>
            {report.verdict.map((line) => (
              <li key={line}>{inWords(line)}</li>
            ))}
          </ul>
        </div>
      )}
      <h2>{text.tables(entries.value.length)}</h2>
      {report.sections.map((section) => (
        <SectionOf key={section.title} section={section} />
      ))}
    </section>
  );
}

function SectionOf({ section }: { readonly section: Section }): JSX.Element {
  return (
    <details class="card" open={section.title === openAtFirst}>
      <summary>{said(section.title)}</summary>
      {section.blocks.map((block, i) => (
        <BlockOf key={i} block={block} />
      ))}
    </details>
  );
}

/** Tables and sentences; what a report draws beside them has charts of its own here. */
function BlockOf({ block }: { readonly block: Block }): JSX.Element | null {
  if (block.kind === 'sentences')
    return (
      <ul class="small" lang="en">
        {block.lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    );
  if (block.kind !== 'table') return null;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={block.caption}>
      <table class="rows wide">
        <thead>
          <tr>
            {block.columns.map(({ title }, i) => (
              <th key={i} scope="col" class={i === 0 ? undefined : 'right'}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {block.rows.map(([name, ...cells], i) => (
            <tr key={i}>
              <th scope="row">{said(name?.text ?? '')}</th>
              {cells.map((cell, k) => (
                <td key={k} class="right">
                  {cell.best === true ? <strong class="best">{cell.text}</strong> : cell.text}
                  {cell.note === undefined ? undefined : <small class="note">{cell.note}</small>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Words of the engine in the language of the page. */
function said(words: string): string {
  return language.value === 'zh' ? (inChinese[words.trim()] ?? words) : words;
}

/** Keys of the scenarios that differ. */
export function Differences(): JSX.Element | null {
  const text = compareText();
  const states = entries.value.map(({ state }) => state);
  const rows = differences(states);
  if (states.length < 2 || rows.length === 0) return null;
  return (
    <details class="card">
      <summary>
        {text.scenarios} ({rows.length})
      </summary>
      <div class="scroll" tabIndex={0} role="region" aria-label={text.scenarios}>
        <table class="rows wide">
          <thead>
            <tr>
              <th scope="col">{text.key}</th>
              {states.map(({ name }, i) => (
                <th key={i} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ key, values }) => (
              <tr key={key}>
                <th scope="row">
                  <code>{key}</code>
                </th>
                {values.map((value, i) => (
                  <td key={i}>{value}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
