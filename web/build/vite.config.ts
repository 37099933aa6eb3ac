import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { factsPlugin } from './facts-plugin.ts';
import { leanZod } from './lean-zod.ts';
import { plainSchema } from './plain-schema.ts';

const place = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const { version } = JSON.parse(readFileSync(place('../../package.json'), 'utf8')) as { readonly version: string };

/** A static site whose paths are relative: it works wherever its folder is put. */
export default defineConfig({
  root: place('..'),
  base: './',
  define: { SUPERNODE_VERSION: JSON.stringify(version) },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [factsPlugin()],
  worker: { format: 'es', plugins: () => [factsPlugin(), leanZod(), plainSchema()] },
  server: { fs: { allow: [place('../..')] } },
  build: { outDir: place('../dist'), emptyOutDir: true, target: 'es2024', modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
});
