import type { EmulatorOptions } from '../../server/emulator.ts';
import { nothingInjected } from '../../server/faults/injected.ts';

/** What is asked of an emulator beside the usual. */
export type SomeOptions = Partial<Omit<EmulatorOptions, 'http'>> & { readonly http?: Partial<EmulatorOptions['http']> };

/** Options of an emulator on a loopback port of its own, with nothing switched on. */
export function quietOptions(some: SomeOptions = {}): EmulatorOptions {
  return {
    speed: 1,
    lateBound: Infinity,
    warmUp: 0.1,
    background: false,
    models: {},
    keys: [],
    version: '0.0.0-test',
    toolShare: 0,
    maxInFlight: 10_000,
    dialect: 'vllm',
    sleepMode: false,
    startup: 0,
    oldNames: false,
    kvMetrics: false,
    injected: nothingInjected,
    conductor: false,
    admin: { here: true },
    onFault: (error) => {
      throw error;
    },
    ...some,
    http: {
      host: '127.0.0.1',
      port: 0,
      maxBody: 2 ** 22,
      maxHeader: 2 ** 14,
      maxConnections: 2000,
      requestTimeout: 5000,
      idleTimeout: 5000,
      echoRequestId: false,
      headers: {},
      origins: ['*'],
      ...some.http,
    },
  };
}
