import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { isMap, isSeq, parseDocument, type YAMLMap } from 'yaml';
import { standIns } from '../../src/catalogue/uncertainty.ts';

const file = fileURLToPath(new URL('../../data/uncertainty.yaml', import.meta.url));

export type Triple = readonly [median: number, p90: number, p99: number];

/** A spread of cells, in what their operators have in common and what each has of its own. */
export interface Found {
  readonly together: Triple;
  readonly apart: Triple;
  readonly cells: number;
  readonly groups: number;
}

const rounded = (values: Triple): readonly number[] => values.map((value) => Number(value.toFixed(3)));
const count = (value: number): string => value.toLocaleString('en');
/** A source that begins with how much stands behind a spread, with the words between the figures kept. */
const counts = /^(All )?\d[\d,]*( cells?\b| pairs\b)([^,]*), \d[\d,]* groups/;

/** Writes what was found over the spreads of data/uncertainty.yaml that stand for it, and says what has changed. Everything else of the file stays. */
export function writeSpreads(found: ReadonlyMap<string, Found>, share: number | undefined): void {
  const text = readFileSync(file, 'utf8');
  const document = parseDocument(text);
  const write = (entry: YAMLMap, title: string): void => {
    const spread = found.get(title);
    if (spread === undefined) {
      process.stdout.write(`nothing was found for ${title}: its spread stays\n`);
      return;
    }
    for (const part of ['together', 'apart', 'spread'] as const) {
      if (!entry.has(part)) continue;
      const values = document.createNode(rounded(part === 'spread' ? spread.together : spread[part]));
      if (isSeq(values)) values.flow = true;
      if (JSON.stringify(entry.get(part)) !== JSON.stringify(values))
        process.stdout.write(`${title}, ${part}: ${String(entry.get(part))} -> ${String(values)}\n`);
      entry.set(part, values);
    }
    const source = document.createNode(
      String(entry.get('source')).replace(
        counts,
        (_, all: string = '', unit: string, words: string) => `${all}${count(spread.cells)}${unit}${words}, ${count(spread.groups)} groups`,
      ),
    );
    source.type = 'QUOTE_DOUBLE';
    entry.set('source', source);
  };
  const entriesOf = (...path: readonly string[]): readonly YAMLMap[] => {
    const list = document.getIn(path, true);
    return isSeq(list) ? list.items.filter((item) => isMap(item)) : [];
  };
  const classesOf = (entry: YAMLMap): readonly string[] => {
    const list = entry.get('classes');
    return isSeq(list) ? list.items.map(String) : [];
  };
  if (share !== undefined) document.setIn(['common', 'share'], Number(share.toFixed(2)));
  for (const entry of entriesOf('releases')) write(entry, ['releases', ...classesOf(entry)].join(', '));
  for (const standIn of standIns) {
    const stacks = standIn === 'stack' || standIn === 'chip-and-stack';
    const named = new Set<string>();
    for (const entry of entriesOf('stand-ins', standIn)) {
      const [first] = classesOf(entry);
      if (entry.get('vendor') === true) write(entry, `${standIn}, both of one vendor's library`);
      else write(entry, first === undefined ? (stacks ? `${standIn}, others` : standIn) : `${standIn}, ${first}`);
      if (first !== undefined && entry.get('vendor') !== true) named.add(first);
    }
    for (const [title, { cells }] of found) {
      const [of, operatorClass = ''] = title.split(', ');
      if (of === standIn && cells >= 10 && /^[a-z-]+$/.test(operatorClass) && operatorClass !== 'others' && !named.has(operatorClass))
        process.stdout.write(`${title} has ${cells} cells and no entry of its own\n`);
    }
  }
  const lengths: Readonly<Record<string, string>> = { '1 ms': ' from 1 ms', '100 us': ' to 1 ms' };
  for (const entry of entriesOf('rates')) {
    const [first = 'gemm'] = classesOf(entry);
    if (entry.get('measured') === true) write(entry, `sheetMeasured${lengths[String(entry.get('from'))] ?? ' to 100 us'}, ${first}`);
    else write(entry, entry.has('classes') ? 'sheet, attention and experts' : 'sheet, products, linear attention and vector work');
  }
  for (const entry of entriesOf('checks')) write(entry, `check of ${['chip', 'stack', 'class', 'format'].map((key) => String(entry.get(key))).join(' ')}`);
  for (const [link, title] of [
    ['collective', 'all collectives'],
    ['exchange', 'exchanges'],
  ] as const) {
    const entry = document.getIn(['links', link], true);
    if (isMap(entry)) write(entry, title);
  }
  writeFileSync(file, document.toString({ lineWidth: 0, flowCollectionPadding: false }));
}
