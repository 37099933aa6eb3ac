import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import type { TestProject } from 'vitest/node';
import { staticServer } from '../../cli/ui/static-server.ts';
import config from '../../web/build/vite.config.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the built page is served, and its folder. */
    readonly site: { readonly url: string; readonly folder: string };
  }
}

/** Builds the page as `npm run build` does and serves it as `supernode ui` does, below a path: it may lie anywhere. */
export default async function setup(project: TestProject): Promise<() => void> {
  const root = mkdtempSync(join(tmpdir(), 'supernode-site-'));
  const folder = join(root, 'some', 'where');
  await build({ ...config, configFile: false, logLevel: 'error', build: { ...config.build, outDir: folder } });
  const server = staticServer(root);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  project.provide('site', { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/some/where/`, folder });
  return () => {
    server.close();
    rmSync(root, { recursive: true, force: true });
  };
}
