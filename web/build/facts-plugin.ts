import type { Plugin } from 'vite';
import { shipped } from './shipped.ts';

const prefix = 'facts:';

/** `facts:facts` and `facts:calibration` are the addresses of JSON files that are made from `data/` and `examples/`. */
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
      const part = id.slice(prefix.length + 1) as keyof ReturnType<typeof shipped>;
      if (serving) return `export default '/${part}.json';`;
      const reference = this.emitFile({ type: 'asset', name: `${part}.json`, source: JSON.stringify(shipped()[part]) });
      return `export default import.meta.ROLLUP_FILE_URL_${reference};`;
    },
    configureServer: (server) => {
      for (const part of ['facts', 'calibration'] as const)
        server.middlewares.use(`/${part}.json`, (_request, response) => response.end(JSON.stringify(shipped()[part])));
    },
  };
}
