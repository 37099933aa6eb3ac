/** One row of a table of the collection of facts. */
export interface FactRow {
  /** Section, table in it, row in it: `3.1/1/2`. */
  readonly key: string;
  readonly cells: readonly string[];
  /** `meas`, `sheet`, `est`, as the row, its heading or its chapter says. */
  readonly kind: string;
  /** How the figures were come by: P, F, S, D, M or ?; several where they differ. */
  readonly tag: string;
}

/** What a chapter's rows are where nothing else is said. */
const chapters: Readonly<Record<string, string>> = { 2: 'sheet', 3: 'meas', 4: 'meas', 5: 'sheet', 6: 'meas' };
const kindIn = /\b(meas|sheet|est)\b/;
const tagIn = /\b(?:tag|Times) ([PFSDM?])\b|[(;,]\s*([PFSDM?])\)/;

const cellsOf = (line: string): readonly string[] =>
  line
    .replaceAll(/^\||\|\s*$/g, '')
    .split('|')
    .map((cell) => cell.trim());

/** Rows of all tables of chapters 2 to 6. */
export function factRows(markdown: string): readonly FactRow[] {
  const rows: FactRow[] = [];
  let heading = '';
  let caption = '';
  let open = false;
  let section = '';
  let tables = 0;
  let header: readonly string[] | undefined;
  let row = 0;
  for (const line of markdown.split('\n')) {
    const title = /^#{2,3} (\d+(?:\.\d+)?)\b(.*)$/.exec(line);
    if (title !== null) {
      section = title[1] ?? '';
      heading = title[2] ?? '';
      caption = '';
      tables = 0;
      header = undefined;
    } else if (line.startsWith('|')) {
      if (header === undefined) {
        header = cellsOf(line);
        tables++;
        row = 0;
      } else if (!/^\|[-:|\s]+$/.test(line)) {
        row++;
        rows.push(rowOf(`${section}/${tables}/${row}`, cellsOf(line), header, caption, heading));
      }
    } else if (line.trim() !== '') {
      caption = open ? `${caption} ${line}` : line;
      open = true;
      header = undefined;
    } else {
      if (header !== undefined) caption = '';
      open = false;
      header = undefined;
    }
  }
  return rows.filter(({ key }) => /^[2-6]\./.test(key));
}

function rowOf(key: string, cells: readonly string[], header: readonly string[], caption: string, heading: string): FactRow {
  const at = (name: string): string | undefined => {
    const i = header.indexOf(name);
    return i === -1 ? undefined : cells[i];
  };
  const spoken = (pattern: RegExp): string | undefined => {
    const found = pattern.exec(caption) ?? pattern.exec(heading);
    return found?.[1] ?? found?.[2];
  };
  const inHeader = header.some((name) => name.includes('(P)')) ? 'P' : undefined;
  return {
    key,
    cells,
    kind: kindIn.exec(at('Kind') ?? '')?.[1] ?? spoken(kindIn) ?? chapters[key[0] ?? ''] ?? '',
    tag: at('Tag') ?? inHeader ?? spoken(tagIn) ?? '',
  };
}

/** Rows that somebody measured and that were read in the primary source; targets of this project are none of these. */
export function measuredAndPrimary(rows: readonly FactRow[]): readonly FactRow[] {
  return rows.filter(({ key, kind, tag }) => kind.includes('meas') && /[PF]/.test(tag) && !key.startsWith('6.1/'));
}
