#!/usr/bin/env node
// Plain JavaScript, so that an old Node can say what it needs and the first file needs no type stripping.
import module from 'node:module';
import process from 'node:process';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major > 22 || (major === 22 && minor >= 18)) {
  module.enableCompileCache();
  await import('./main.ts');
} else {
  process.stderr.write(
    `supernode: needs Node 22.18 or newer, and this is ${process.versions.node}. In a clone, npm ci brings one: npx supernode, npm start, npm test.\n`,
  );
  process.exitCode = 2;
}
