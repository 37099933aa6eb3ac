import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { CellFiles } from '../worker/calibration.ts';
import type { Example, Facts } from '../worker/shipped.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folders = ['chips', 'libraries', 'machines', 'models', 'stacks', 'workloads'] as const;
const text = (...path: readonly string[]): string => readFileSync(join(root, ...path), 'utf8');

function filesIn(folder: string, ending: string): readonly string[] {
  return readdirSync(join(root, folder))
    .filter((file) => file.endsWith(ending))
    .sort((a, b) => (a < b ? -1 : 1));
}

/** What a page gets of `data/` but calibrated cells. */
export function shippedFacts(): Facts {
  const folder = (name: string): Readonly<Record<string, unknown>> =>
    Object.fromEntries(filesIn(join('data', name), '.yaml').map((file) => [file.slice(0, -'.yaml'.length), parse(text('data', name, file))]));
  return {
    folders: Object.fromEntries(folders.map((name) => [name, folder(name)])) as Facts['folders'],
    power: parse(text('data', 'power.yaml')),
    uncertainty: parse(text('data', 'uncertainty.yaml')),
    overheads: JSON.parse(text('data', 'stacks', 'overheads.json')),
    examples: examples(),
  };
}

/** Calibrated cells of a generation of chips. */
interface ShippedCells {
  readonly generation: string;
  readonly chips: readonly string[];
  readonly files: CellFiles;
}

/** Calibrated cells file by file, by the generations of their chips. */
export function shippedCells(): readonly ShippedCells[] {
  const files = filesIn('data/calibration', '.json').map((file) => {
    const value = JSON.parse(text('data', 'calibration', file)) as { readonly cells: readonly (readonly [chip: string, generation: string])[] };
    const generations = [...new Set(value.cells.map(([, generation]) => generation))];
    if (generations.length !== 1) throw new Error(`${file}: expected cells of one generation of chips, got ${generations.join(', ')}`);
    return { file, value, generation: generations[0] as string, chips: value.cells.map(([chip]) => chip) };
  });
  return [...Map.groupBy(files, ({ generation }) => generation)].map(([generation, own]) => ({
    generation,
    chips: [...new Set(own.flatMap(({ chips }) => chips))],
    files: Object.fromEntries(own.map(({ file, value }) => [file, value])),
  }));
}

/** Examples that name no other file, with what the first sentence of their comment says of them. */
function examples(): Facts['examples'] {
  const all = filesIn('examples', '.yaml').map((file): readonly [string, Example] => {
    const content = text('examples', file);
    const comment = /^(?:#.*\n)+/.exec(content)?.[0].replace(/^# ?/gm, '') ?? '';
    const about = /^[\s\S]*?(?:\.\s|:\n|\n\n)/.exec(comment)?.[0].replace(/:\n$/, '.') ?? comment;
    return [file.slice(0, -'.yaml'.length), { about: about.replaceAll('\n', ' ').trim(), scenario: parse(content) as Example['scenario'] }];
  });
  return Object.fromEntries(all.filter(([, { scenario }]) => !/\.(?:ya?ml|json|csv)"/.test(JSON.stringify(scenario))));
}
