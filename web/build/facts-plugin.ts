import type { Plugin } from 'vite';
import { ledger } from './ledger.ts';
import { shipped } from './shipped.ts';

const prefix = 'facts:';

/** What each file holds. */
const parts: Readonly<Record<string, () => unknown>> = {
  facts: () => shipped().facts,
  calibration: () => shipped().calibration,
  ledger,
};

/** `facts:facts`, `facts:calibration` and `facts:ledger` are the addresses of JSON files that are made from `data/`, `examples/` and `validation/`. */
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
      const part = id.slice(prefix.length + 1);
      if (serving) return `export default '/${part}.json';`;
      const reference = this.emitFile({ type: 'asset', name: `${part}.json`, source: JSON.stringify(parts[part]?.()) });
      return `export default import.meta.ROLLUP_FILE_URL_${reference};`;
    },
    configureServer: (server) => {
      for (const [part, make] of Object.entries(parts)) server.middlewares.use(`/${part}.json`, (_request, response) => response.end(JSON.stringify(make())));
    },
  };
}
