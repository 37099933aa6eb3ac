import { playwright } from '@vitest/browser-playwright';
import { configDefaults, defineConfig } from 'vitest/config';
import { findChromium } from './tests/gates/chromium.ts';

const chromium = findChromium() ?? 'chromium';

export default defineConfig({
  test: {
    projects: [
      // The engine's tests see no platform: the same files run in Node and in Chromium. The engine keeps no state of its own, so they share modules.
      { test: { name: 'engine', environment: 'node', isolate: false, include: ['src/**/*.test.ts'] } },
      // Results of whole scenarios are computed in Node first and compared in the page.
      {
        optimizeDeps: { include: ['yaml', 'zod'] },
        test: {
          name: 'browser',
          isolate: false,
          include: ['src/**/*.test.ts', 'tests/bytes/page.test.ts'],
          globalSetup: ['tests/bytes/node-results.ts'],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                executablePath: chromium,
                args: [
                  '--no-sandbox',
                  '--disable-gpu',
                  '--disable-quic',
                  '--no-first-run',
                  '--disable-background-networking',
                  '--disable-component-update',
                  '--disable-sync',
                ],
              },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
      {
        test: {
          name: 'shells',
          environment: 'node',
          include: ['schema/**/*.test.ts', 'cli/**/*.test.ts', 'tests/**/*.test.ts'],
          exclude: [...configDefaults.exclude, 'tests/bytes/page.test.ts'],
          testTimeout: 30_000,
        },
      },
    ],
  },
});
