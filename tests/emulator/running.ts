import { afterAll } from 'vitest';
import { loadScenario, type ScenarioFlags } from '../../cli/scenario.ts';
import { Emulator } from '../../server/emulator.ts';
import type { AnswerSource } from '../../server/tokens/answer.ts';
import { Filler, fillerAnswers } from '../../server/tokens/filler.ts';
import { shipped } from '../../server/tokens/shipped.ts';
import { quietOptions, type SomeOptions } from './quiet-options.ts';

/** An emulator that listens on a port of its own, and its address. */
export interface Running {
  readonly emulator: Emulator;
  readonly url: string;
}

const filler = new Filler(shipped);

/** What tests leave running is stopped behind them. */
const running: Emulator[] = [];

export async function emulate(
  options: SomeOptions = {},
  {
    scenario = 'examples/lora.yaml',
    flags = {},
    answers = fillerAnswers(filler, () => 40),
  }: { scenario?: string; flags?: ScenarioFlags; answers?: AnswerSource } = {},
): Promise<Running> {
  const emulator = new Emulator(await loadScenario(scenario, flags), shipped, answers, quietOptions({ speed: 20, toolShare: 0.5, ...options }));
  const port = await emulator.start();
  running.push(emulator);
  return { emulator, url: `http://127.0.0.1:${port}` };
}

afterAll(async () => {
  for (const emulator of running.splice(0)) await emulator.stop(0);
});
