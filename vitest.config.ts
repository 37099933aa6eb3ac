import { playwright } from '@vitest/browser-playwright';
import { configDefaults, defineConfig } from 'vitest/config';
import { endNode, nodeRate } from './tests/rate/command.ts';
import { chromiumArguments, findChromium } from './tests/gates/chromium.ts';

const chromium = findChromium() ?? 'chromium';
const laws = { setupFiles: ['tests/laws-seed.ts'], provide: { lawsSeed: Number(process.env['LAWS_SEED'] ?? 1) } };

declare module 'vitest' {
  interface ProvidedContext {
    readonly lawsSeed: number;
  }
}

export default defineConfig({
  test: {
    projects: [
      // The engine's tests see no platform: the same files run in Node and in Chromium. The engine keeps no state of its own, so they share modules.
      { test: { ...laws, name: 'engine', environment: 'node', isolate: false, include: ['src/**/*.test.ts'] } },
      // Results of whole scenarios are computed in Node first and compared in the page.
      {
        optimizeDeps: { include: ['yaml', 'zod', 'fast-check'] },
        test: {
          ...laws,
          name: 'browser',
          isolate: false,
          include: ['src/**/*.test.ts', 'tests/{bytes,rate}/page.test.ts'],
          globalSetup: ['tests/bytes/node-results.ts'],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            commands: { nodeRate, endNode },
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
          environment: 'node',
          include: ['schema/**/*.test.ts', 'batch/**/*.test.ts', 'server/**/*.test.ts', 'cli/**/*.test.ts', 'web/**/*.test.ts', 'tests/**/*.test.ts'],
          exclude: [...configDefaults.exclude, 'tests/{bytes,rate}/page.test.ts', 'tests/web/**'],
          testTimeout: 30_000,
        },
      },
      // What users do in the built page.
      {
        test: {
          ...laws,
          name: 'page',
          environment: 'node',
          include: ['tests/web/**/*.test.ts'],
          globalSetup: ['tests/web/site.ts'],
          testTimeout: 60_000,
          expect: { poll: { timeout: 15_000 } },
        },
      },
    ],
  },
});
