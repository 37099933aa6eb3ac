import { readFileSync } from 'node:fs';
import type { Report } from '../../src/report/block.ts';
import { comparisonOf } from '../../src/report/comparison.ts';
import { reportOf } from '../../src/report/report.ts';
import type { Summary } from '../../src/report/summary.ts';
import { html, Markup } from './markup.ts';

/** What comes later holds where two say something of the same thing. */
const styles = ['palette', 'text', 'cards', 'charts', 'tables', 'bars', 'notes', 'narrow', 'print'];
const style = styles.map((name) => readFileSync(new URL(`styles/${name}.css`, import.meta.url), 'utf8')).join('');

function anchor(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}

/** A report as one page that needs nothing beside itself. */
export async function htmlPage(report: Report): Promise<string> {
  const { blockMarkup } = await import('./blocks.ts');
  const { title, subtitle, verdict, facts, headlines, sections, reproduce } = report;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Supernode</title>
        <style>
          ${new Markup(style)}
        </style>
      </head>
      <body>
        <header>
          <p class="brand">Supernode</p>
          <h1>${title}</h1>
          <p class="subtitle">${subtitle}</p>
          ${verdict.length === 0 ? undefined : html`<div class="verdict">${verdict.map((line) => html`<p>${line}</p>`)}</div>`}
          ${
            facts.length === 0
              ? undefined
              : html`<dl class="facts">
                  ${facts.map(
                    ({ label, lines }) =>
                      html`<div>
                        <dt>${label}</dt>
                        ${lines.map((line) => html`<dd>${line}</dd>`)}
                      </div> `,
                  )}
                </dl>`
          }
          <nav aria-label="Sections">
            <ul>
              ${sections.map((section) => html`<li><a href="#${anchor(section.title)}">${section.title}</a></li>`)}
            </ul>
          </nav>
        </header>
        <main>
          ${
            headlines.length === 0
              ? undefined
              : html`<section class="cards" aria-label="In short">
                  ${headlines.map(
                    ({ label, value, range, note, tone }) =>
                      html`<div class="card ${tone}">
                        <h2>${label}</h2>
                        <p class="figure">${value}</p>
                        ${range === undefined ? undefined : html`<p class="range" title="80 % interval">${range}</p>`}
                        <p>${note}</p>
                      </div> `,
                  )}
                </section>`
          }
          ${sections.map(
            (section) =>
              html`<section id="${anchor(section.title)}">
                <h2>${section.title}</h2>
                ${section.blocks.map((block) => html`${blockMarkup(block)} `)}
              </section> `,
          )}
        </main>
        <footer>
          <h2>Reproduce</h2>
          ${reproduce.map((line) => html`<p><code>${line}</code></p>`)}
        </footer>
      </body>
    </html> `.text;
}

/** The report of one run as one page that needs nothing beside itself: no script, no request, charts as SVG. */
export function htmlReport(summary: Summary): Promise<string> {
  return htmlPage(reportOf(summary));
}

/** Two to four runs side by side as one page. */
export function htmlCompare(summaries: readonly Summary[]): Promise<string> {
  return htmlPage(comparisonOf(summaries));
}
