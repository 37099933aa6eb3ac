import { execFile } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BrowserCommand } from 'vitest/node';

/** Measures the engine's rate in a Node of its own. [requests/s] */
export const nodeRate: BrowserCommand = async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(new URL('node.ts', import.meta.url))]);
  return Number(stdout);
};
