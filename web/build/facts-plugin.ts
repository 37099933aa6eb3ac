import type { Plugin } from 'vite';
import { ledger } from './ledger.ts';
import { shippedCells, shippedFacts } from './shipped.ts';

const prefix = 'facts:';

/** A JSON file that is made when the page is built. */
interface Made {
  readonly name: string;
  readonly content: unknown;
}

const cellsFile = (generation: string): string => `calibration-${generation}`;
const single: Readonly<Record<string, () => unknown>> = { facts: shippedFacts, ledger };
const cellFiles = (): readonly Made[] => shippedCells().map(({ generation, files }) => ({ name: cellsFile(generation), content: files }));

/** A module of `facts:`, given how the address of a file is written in it. */
function moduleOf(part: string, url: (made: Made) => string): string {
  const make = single[part];
  if (make !== undefined) return `export default ${url({ name: part, content: make() })};`;
  const groups = shippedCells().map(({ generation, chips, files }) => {
    const address = url({ name: cellsFile(generation), content: files });
    return `{ generation: ${JSON.stringify(generation)}, chips: ${JSON.stringify(chips)}, url: ${address} }`;
  });
  return `export default [${groups.join(', ')}];`;
}

/**
 * `facts:facts` and `facts:ledger` are the addresses of JSON files that are made from `data/`, `examples/` and `validation/`; `facts:calibration` those
 * of calibrated cells, one for each generation of chips.
 */
export function factsPlugin(): Plugin {
  let serving = false;
  return {
    name: 'supernode-facts',
    configResolved: ({ command }) => {
      serving = command === 'serve';
    },
    resolveId: (id) => (id.startsWith(prefix) ? `\0${id}` : undefined),
    load(id) {
      if (!id.startsWith(`\0${prefix}`)) return undefined;
      return moduleOf(id.slice(prefix.length + 1), ({ name, content }) => {
        if (serving) return `'/${name}.json'`;
        return `import.meta.ROLLUP_FILE_URL_${this.emitFile({ type: 'asset', name: `${name}.json`, source: JSON.stringify(content) })}`;
      });
    },
    configureServer: (server) => {
      const files: readonly Made[] = [...Object.entries(single).map(([name, make]) => ({ name, content: make() })), ...cellFiles()];
      for (const { name, content } of files) server.middlewares.use(`/${name}.json`, (_request, response) => response.end(JSON.stringify(content)));
    },
  };
}
