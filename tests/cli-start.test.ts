import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = new URL('../', import.meta.url);
const main = fileURLToPath(new URL('cli/supernode.js', root));

/** Writes the URL of every module file that the process loads to stderr. */
const listing = `import { registerHooks } from 'node:module';
registerHooks({ load(url, context, next) { if (url.startsWith('file:')) process.stderr.write('loaded ' + url + '\\n'); return next(url, context); } });`;

/** Files that a command line loads before it ends, relative to the root of the tree. */
function modulesOf(...args: readonly string[]): readonly string[] {
  const { status, stderr } = spawnSync(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(listing)}`, main, ...args], {
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  const urls = stderr.split('\n').flatMap((line) => (line.startsWith('loaded ') ? [line.slice('loaded '.length)] : []));
  return urls.map((url) => (url.startsWith(root.href) ? url.slice(root.href.length) : url));
}

test('help loads the command line and nothing of the engine, the schemas or the catalogue', () => {
  const modules = modulesOf('--help');
  const ours = modules.filter((path) => !path.startsWith('node_modules/'));
  const packages = new Set(modules.filter((path) => path.startsWith('node_modules/')).map((path) => path.split('/')[1]));
  expect(packages).toEqual(new Set(['commander']));
  expect(ours.filter((path) => !path.startsWith('cli/') && !path.startsWith('src/base/'))).toEqual([]);
  expect(ours.length).toBeLessThanOrEqual(6);
});

test('help names every verb', () => {
  const { stdout } = spawnSync(process.execPath, [main, '--help'], { encoding: 'utf8' });
  for (const verb of ['simulate', 'compare', 'step', 'trace', 'machines', 'models']) expect(stdout).toMatch(new RegExp(`^ +${verb} `, 'm'));
});

test('npx finds the bin of the clone itself, without a network', () => {
  const cache = mkdtempSync(join(tmpdir(), 'supernode-npx-'));
  const { stdout, stderr } = spawnSync('npx', ['--offline', 'supernode', '--version'], {
    cwd: fileURLToPath(root),
    encoding: 'utf8',
    env: { ...process.env, npm_config_cache: cache },
  });
  rmSync(cache, { recursive: true, force: true });
  expect(stdout, stderr).toBe('0.1.0\n');
});
