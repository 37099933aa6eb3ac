import { afterAll } from 'vitest';
import { loadScenario, type ScenarioFlags } from '../../cli/scenario.ts';
import { Emulator, type EmulatorOptions } from '../../server/emulator.ts';
import { nothingInjected } from '../../server/faults/injected.ts';
import type { AnswerSource } from '../../server/tokens/answer.ts';
import { Filler, fillerAnswers } from '../../server/tokens/filler.ts';
import { shipped } from '../../server/tokens/shipped.ts';

/** An emulator that listens on a port of its own, and its address. */
export interface Running {
  readonly emulator: Emulator;
  readonly url: string;
}

const filler = new Filler(shipped);

/** What tests leave running is stopped behind them. */
const running: Emulator[] = [];

export async function emulate(
  options: Partial<Omit<EmulatorOptions, 'http'>> & { readonly http?: Partial<EmulatorOptions['http']> } = {},
  {
    scenario = 'examples/lora.yaml',
    flags = {},
    answers = fillerAnswers(filler, () => 40),
  }: { scenario?: string; flags?: ScenarioFlags; answers?: AnswerSource } = {},
): Promise<Running> {
  const emulator = new Emulator(await loadScenario(scenario, flags), shipped, answers, {
    speed: 20,
    lateBound: Infinity,
    warmUp: 0.1,
    background: false,
    models: {},
    keys: [],
    version: '0.0.0-test',
    toolShare: 0.5,
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
    ...options,
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
      ...options.http,
    },
  });
  const port = await emulator.start();
  running.push(emulator);
  return { emulator, url: `http://127.0.0.1:${port}` };
}

afterAll(async () => {
  for (const emulator of running.splice(0)) await emulator.stop(0);
});
