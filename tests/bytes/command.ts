import type { BrowserCommand } from 'vitest/node';

/** The JSON result of a scenario, computed in Node. */
export const nodeResult: BrowserCommand<[name: string]> = async (_, name) => {
  const { resultFromFiles } = await import('./from-files.ts');
  return resultFromFiles(name);
};
