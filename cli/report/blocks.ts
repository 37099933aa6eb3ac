import type { Block, Cell, Column, Tone } from '../../src/report/block.ts';
import { quantileFigure, timeFigure } from './charts.ts';
import { scatterFigure } from './scatter.ts';
import { html, type Markup } from './markup.ts';

function cell({ text, note, best }: Cell, { align }: Column, first: boolean): Markup {
  const classes = `${align}${best === true ? ' best' : ''}`;
  const content = html`${text}${best === true ? html`<span class="mark" title="best of the row"> ★</span>` : undefined}${note === undefined ? undefined : html` <small>${note}</small>`}`;
  return first ? html`<th scope="row" class="${classes}">${content}</th>` : html`<td class="${classes}">${content}</td>`;
}

function table({ caption, columns, rows }: Extract<Block, { kind: 'table' }>): Markup {
  return html`<div class="scroll${columns.length > 3 ? '' : ' narrow'}" role="region" aria-label="${caption}" tabindex="0">
    <table>
      <caption>
        <span>${caption}</span>
      </caption>
      <thead>
        <tr>
          ${columns.map(({ title, align }) => (title === '' ? html`<td></td>` : html`<th scope="col" class="${align}">${title}</th>`))}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (cells) =>
            html`<tr${/^\s/.test(cells[0]?.text ?? '') ? html` class="sub"` : undefined}>${columns.map((column, index) => cell(cells[index] ?? { text: '' }, column, index === 0))}</tr>
`,
        )}
      </tbody>
    </table>
  </div>`;
}

function gauge(share: number, tone: Tone): Markup {
  return html`<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
    <rect width="100" height="10" class="track" />
    <rect width="${(share * 100).toFixed(2)}" height="10" class="${tone}" />
  </svg>`;
}

function bars({ caption, rows }: Extract<Block, { kind: 'bars' }>): Markup {
  return html`<figure class="bars">
    <figcaption>${caption}</figcaption>
    <table>
      <colgroup>
        <col class="of-label" />
        <col class="of-bar" />
        <col class="of-value" />
        <col />
      </colgroup>
      <thead class="unseen">
        <tr>
          <th scope="col">what</th>
          <th scope="col">bar</th>
          <th scope="col">share</th>
          <th scope="col">detail</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ label, share, value, detail, tone }) =>
            html`<tr>
              <th scope="row">${label}</th>
              <td class="bar">${label === 'together' ? undefined : gauge(share, tone)}</td>
              <td class="right">${value}</td>
              <td class="detail">${detail}</td>
            </tr> `,
        )}
      </tbody>
    </table>
  </figure>`;
}

function stack({ caption, parts }: Extract<Block, { kind: 'stack' }>): Markup {
  let from = 0;
  const rects = parts.map(({ name, share, spare }, index) => {
    const rect = html`<rect x="${(from * 1000).toFixed(2)}" width="${(share * 1000).toFixed(2)}" height="34" class="${fill(spare, index)}"
      ><title>${name}</title></rect
    >`;
    from += share;
    return rect;
  });
  return html`<figure class="stack">
    <figcaption>${caption}</figcaption>
    <svg viewBox="0 0 1000 34" preserveAspectRatio="none" role="img" aria-label="${caption}, by use">${rects}</svg>
    <ul>
      ${parts.map(
        ({ name, percentage, value, spare }, index) =>
          html`<li>
            <svg viewBox="0 0 10 10" aria-hidden="true"><rect width="10" height="10" class="${fill(spare, index)}" /></svg><span>${name}</span> <b>${value}</b>
            <small>${percentage}</small>
          </li>`,
      )}
    </ul>
  </figure>`;
}

function fill(spare: boolean, index: number): string {
  return spare ? 'part-free' : `part-${(index % 8) + 1}`;
}

function sentences({ tone, lines }: Extract<Block, { kind: 'sentences' }>): Markup {
  return tone === 'warn' && lines.length > 1
    ? html`<ul class="notes">
        ${lines.map((line) => html`<li>${line}</li>`)}
      </ul>`
    : html`${lines.map((line) => html`<p class="note ${tone}">${line}</p>`)}`;
}

/** One block as markup. */
export function blockMarkup(block: Block): Markup {
  switch (block.kind) {
    case 'sentences':
      return sentences(block);
    case 'table':
      return table(block);
    case 'bars':
      return bars(block);
    case 'stack':
      return stack(block);
    case 'timeline':
      return html`<div class="grid">${block.charts.map((chart) => timeFigure(chart, block.window, block.events))}</div>
        ${
          block.window === undefined
            ? undefined
            : html`<p class="note plain">
                <svg class="swatch" viewBox="0 0 18 10" aria-hidden="true"><rect width="18" height="10" /></svg>The shaded time is the steady window, in which
                every other figure was measured.
              </p>`
        }`;
    case 'quantiles':
      return html`<div class="grid">${block.charts.map(quantileFigure)}</div>`;
    case 'scatter':
      return html`<div class="grid">${block.charts.map(scatterFigure)}</div>`;
  }
}
