/**
 * Fits every cell of data/calibration to the tables in ../shared/measured and writes the files and docs/trust-operators.md:
 * `npx node bench/fit-calibration.ts [chip[/stack[/class[/format]]]]`. With a cell's name, or the beginning of one, only these are fitted anew.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { readOperatorTable } from '../cli/calibrate/read.ts';
import { refit } from '../cli/calibrate/refit.ts';
import { trustPage } from '../cli/calibrate/trust.ts';
import { loadChip } from '../cli/machines.ts';
import { readCells, writeCells } from '../schema/calibration.ts';
import type { OperatorTable } from '../schema/tables/read-table.ts';
import { InputError } from '../src/base/errors.ts';
import type { Cell, CellKey } from '../src/cost/calibration/cell.ts';
import { familyOf } from '../src/cost/calibration/families/index.ts';
import { missedGates } from '../src/cost/calibration/score.ts';
import { measuredFolders, tablesOf } from './calibration-sources.ts';

const measured = fileURLToPath(new URL('../../shared/measured/', import.meta.url));
const data = fileURLToPath(new URL('../data/calibration/', import.meta.url));
const trust = fileURLToPath(new URL('../docs/trust-operators.md', import.meta.url));
const wanted = process.argv[2] ?? '';

const nameOf = ({ chip, stack, class: operatorClass, format }: CellKey): string => `${chip}/${stack}/${operatorClass}/${format}`;
const isWanted = (key: CellKey): boolean => `${nameOf(key)}/`.startsWith(wanted === '' ? '' : `${wanted.replace(/\/$/, '')}/`);
const percent = (value: number): string => `${(100 * value).toFixed(1)} %`.padStart(7);

/** A table of a family, or undefined for another kind of table. */
async function tableAt(path: string): Promise<OperatorTable | undefined> {
  try {
    return await readOperatorTable(path);
  } catch (error) {
    if (error instanceof InputError && error.issues.every(({ message }) => message.startsWith('no known layout') || message.startsWith('none of')))
      return undefined;
    throw error;
  }
}

mkdirSync(data, { recursive: true });
const fileOf = (chip: string): string => `${data}${chip}.json`;

/** The cells that are shipped today and that the families can still read. */
function shipped(): readonly Cell[] {
  return readdirSync(data)
    .filter((file) => file.endsWith('.json'))
    .flatMap((file) =>
      readCells(JSON.parse(readFileSync(data + file, 'utf8')), `data/calibration/${file}`, (name) =>
        process.stdout.write(`# dropped the cells of ${name} in ${file}: its constants have changed\n`),
      ),
    );
}

const fitted = new Map<string, Cell>();
const before = wanted === '' ? [] : shipped();
const folders = measuredFolders(measured);
const claimed = new Set<string>();
for (const folder of folders) {
  const { chip, stack, source } = folder;
  if (!`${chip}/${stack}/`.startsWith(wanted.split('/').slice(0, 2).join('/'))) continue;
  const tables: OperatorTable[] = [];
  for (const file of tablesOf(measured, folder)) {
    const table = await tableAt(measured + file);
    if (table !== undefined) tables.push(table);
  }
  const from = performance.now();
  // Whole blocks price no operator of a step: their tables are for checks, and no cell of theirs is shipped.
  const only = (key: CellKey): boolean => isWanted(key) && !claimed.has(nameOf(key)) && familyOf(key.class)?.shapeOf !== undefined;
  const priorOf = (key: CellKey): Cell | undefined => {
    if (folder.sisters?.classes.test(key.class) !== true) return undefined;
    const names = folder.sisters.chips.map((sister) => nameOf({ ...key, chip: sister }));
    return names.flatMap((name) => fitted.get(name) ?? before.find((cell) => nameOf(cell) === name) ?? [])[0];
  };
  for (const { cell, left } of refit(tables, { chip: loadChip(chip), stack, source, only, priorOf })) {
    fitted.set(nameOf(cell), cell);
    const { rows, median, p90, p99 } = cell.heldOut;
    const missed = missedGates(cell);
    const reasons = [...left].map(([reason, count]) => `${count} ${reason}`).join(', ');
    process.stdout.write(
      `${nameOf(cell).padEnd(52)} ${String(rows).padStart(7)} ${percent(median)} ${percent(p90)} ${percent(p99)}  fit ${percent(cell.fit.median)}  ${cell.residual?.tables.length ?? 0} tables ${missed.length === 0 ? '' : `  MISSED ${missed.join(', ')}`}${reasons === '' ? '' : `  [${reasons}]`}\n`,
    );
  }
  for (const name of fitted.keys()) claimed.add(name);
  process.stdout.write(`# ${folder.folder}: ${((performance.now() - from) / 1000).toFixed(1)} s\n`);
}

const kept = before.filter((cell) => !isWanted(cell));
const cells = [...kept, ...fitted.values()];
let size = 0;
for (const chip of new Set(cells.map((cell) => cell.chip))) {
  const text = writeCells(cells.filter((cell) => cell.chip === chip));
  writeFileSync(fileOf(chip), text);
  size += gzipSync(text).length;
}
writeFileSync(trust, trustPage(cells));
process.stdout.write(`${cells.length} cells, ${size} B gzipped (${Math.round(size / cells.length)} B each)\n`);
