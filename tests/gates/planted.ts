import { appendFileSync, cpSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const parts = ['src', 'schema', 'batch', 'server', 'cli', 'web', 'tests', 'bench', 'data', 'examples', 'docs', 'vitest.config.ts', 'package.json', 'knip.json'];
const settings = ['tsconfig.json', 'tsconfig.base.json', '.oxlintrc.json', '.oxfmtrc.json'];

/** One fault for each rule of the house, in files that nothing else names. */
const faults: Readonly<Record<string, string>> = {
  'src/kernel/planted-upward.ts': `import { nearest } from '../base/nearest.ts';\nexport const upward: unknown = nearest;\n`,
  'src/kernel/planted-platform.ts': `export const platform: unknown = process;\n`,
  'src/base/planted-lint.ts': `import { there } from './planted-cycle.ts';
export const here: number = there + Date.now() + Math.random() + Math.exp(1);
export function loose(value: any): unknown {
  return value;
}
async function later(): Promise<void> {
  await Promise.resolve();
}
export function forgotten(): void {
  later();
}
export function inTextOrder(list: number[]): number[] {
  return list.sort();
}
export function corners(shape: 'circle' | 'square'): number {
  switch (shape) {
    case 'circle':
      return 0;
  }
  return 4;
}
`,
  'src/base/planted-cycle.ts': `import { here } from './planted-lint.ts';\nexport const there: number = here;\n`,
  'src/base/planted-format.ts': `export   const spaces  = 1\n`,
  'src/base/planted-power.ts': `export function power(base: number, height: number): number {\n  return base ** height;\n}\n`,
  'src/base/planted-name.ts': `export const chip = 'h100';\n`,
  'web/text/planted-text.ts': `import { messages } from './messages.ts';\nexport const text = messages({ here: 'here', there: (n: number) => String(n) }, { there: () => '' });\n`,
  'src/base/planted.test.ts': `import { expect, test } from 'vitest';\n\ntest('planted', () => expect(1).toBe(2));\n`,
};

/** Copies the tree at `root` into a folder of its own and plants every fault there. The caller removes it. */
export function plantFaults(root: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'supernode-red-'));
  for (const part of [...parts, ...settings]) if (existsSync(join(root, part))) cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const [path, text] of Object.entries(faults)) writeFileSync(join(copy, path), text);
  appendFileSync(join(copy, 'src/base/nearest.ts'), 'export const plantedExport = 1;\n');
  return copy;
}

export function removeCopy(copy: string): void {
  rmSync(copy, { recursive: true, force: true });
}
