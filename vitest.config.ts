import { playwright } from '@vitest/browser-playwright';
import { configDefaults, defineConfig } from 'vitest/config';
import { nodeResult } from './tests/bytes/command.ts';
import { endNode, nodeRate } from './tests/rate/command.ts';
import { chromiumArguments, findChromium } from './tests/gates/chromium.ts';

const chromium = findChromium() ?? 'chromium';
/** What is held to the clock: nothing else runs meanwhile. */
const timed = ['server/live/**/*.test.ts', 'tests/emulator/{drills,load,replay}.test.ts', 'tests/acceptance/main-job.test.ts'];
/** What waits for the clock: two of these do not keep each other from it. */
const live = [
  'server/**/*.test.ts',
  'cli/load/**/*.test.ts',
  'tests/{emulator,acceptance}/**/*.test.ts',
  'tests/{load-verb,fleet}.test.ts',
  'tests/outputs/{event-log,outside-faults}.test.ts',
];
/** Of all tests; a busy machine takes several times as long as a free one. */
const laws = { testTimeout: 30_000, setupFiles: ['tests/laws-seed.ts'], provide: { lawsSeed: Number(process.env['LAWS_SEED'] ?? 1) } };

declare module 'vitest' {
  interface ProvidedContext {
    readonly lawsSeed: number;
  }
}

export default defineConfig({
  test: {
    projects: [
      // The engine's tests see no platform: the same files run in Node and in Chromium. The engine keeps no state of its own, so they share modules.
      { test: { ...laws, name: 'engine', environment: 'node', isolate: false, maxWorkers: '100%', include: ['src/**/*.test.ts'] } },
      {
        optimizeDeps: { include: ['yaml', 'zod', 'fast-check'] },
        test: {
          ...laws,
          name: 'browser',
          isolate: false,
          sequence: { groupOrder: 3 },
          include: ['src/**/*.test.ts', 'tests/{bytes,rate}/page.test.ts'],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            commands: { nodeResult, nodeRate, endNode },
            provider: playwright({
              launchOptions: {
                executablePath: chromium,
                args: [...chromiumArguments],
              },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
      {
        test: {
          ...laws,
          name: 'shells',
          isolate: false,
          environment: 'node',
          maxWorkers: '100%',
          include: ['{schema,batch,cli,web,tests}/**/*.test.ts'],
          exclude: [...configDefaults.exclude, 'tests/{bytes,rate}/page.test.ts', 'tests/web/**', ...live],
        },
      },
      {
        test: {
          ...laws,
          name: 'live',
          isolate: false,
          environment: 'node',
          maxWorkers: '100%',
          sequence: { groupOrder: 1 },
          include: live,
          exclude: [...configDefaults.exclude, ...timed],
        },
      },
      { test: { ...laws, name: 'timed', environment: 'node', maxWorkers: 1, sequence: { groupOrder: 2 }, include: timed } },
      // What users do in the built page.
      {
        test: {
          ...laws,
          name: 'page',
          environment: 'node',
          // A browser for each worker, not for each file.
          isolate: false,
          maxWorkers: '100%',
          sequence: { groupOrder: 4 },
          include: ['tests/web/**/*.test.ts'],
          globalSetup: ['tests/web/site.ts'],
          testTimeout: 60_000,
          expect: { poll: { timeout: 15_000 } },
        },
      },
    ],
  },
});
