import type { TestProject } from 'vitest/node';
import { resultFromFiles } from './from-files.ts';
import { scenarios } from './scenarios.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** JSON results by scenario, computed in Node. */
    readonly nodeResults: Readonly<Record<string, string>>;
  }
}

/** Runs the scenarios in Node before the tests of a page start, and hands them the results. */
export default async function setup(project: TestProject): Promise<void> {
  const results: Record<string, string> = {};
  for (const name of scenarios) results[name] = await resultFromFiles(name);
  project.provide('nodeResults', results);
}
