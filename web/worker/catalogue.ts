import type { Catalogue, DataFile, DataFolder } from '../../schema/catalogue/catalogue.ts';
import { unknownData } from '../../schema/catalogue/unknown.ts';
import { readOverheads } from '../../schema/overheads.ts';
import { readPowerFacts } from '../../schema/power.ts';
import { readUncertainty } from '../../schema/uncertainty.ts';
import type { UserFiles } from './user-files.ts';
import type { Facts } from './shipped.ts';

/** The facts that are shipped to the page, and the files that its user opened. */
export function catalogueOf(facts: Facts, files: UserFiles): Catalogue {
  const names = (folder: DataFolder): readonly string[] => Object.keys(facts.folders[folder]).toSorted((a, b) => (a < b ? -1 : 1));
  const read = (folder: DataFolder, nameOrPath: string, at: string): DataFile => {
    const own = files.value(nameOrPath);
    if (own !== undefined) return { path: nameOrPath, value: own };
    const value = facts.folders[folder][nameOrPath];
    if (value === undefined) throw unknownData(folder, nameOrPath, at, names(folder));
    return { path: `data/${folder}/${nameOrPath}.yaml`, value };
  };
  return {
    names,
    read,
    folderOf: () => '',
    // Those that a machine needs come with its stack (context.ts).
    cells: () => [],
    overheads: once(() => readOverheads(facts.overheads, 'data/stacks/overheads.json')),
    uncertainty: once(() => readUncertainty(facts.uncertainty, 'data/uncertainty.yaml')),
    power: once(() => readPowerFacts(facts.power, 'data/power.yaml')),
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
