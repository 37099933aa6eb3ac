import { useSignal, useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { InputError, type Issue } from '../../../src/base/errors.ts';
import { engine } from '../../state/run.ts';
import { failure, scenario } from '../../state/scenario.ts';
import type { ScenarioValue } from '../../worker/shipped.ts';
import { inWords } from '../../text/translated.ts';
import { scenarioText } from './text.ts';

/** How long typing has to rest until it is read. [ms] */
const rest = 350;

/** The scenario as a file that can be typed in. */
export function YamlEditor(): JSX.Element {
  const text = scenarioText();
  const typed = useSignal('');
  const wrong = useSignal<readonly Issue[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  /** The content that the text stands for: another one was made elsewhere. */
  const stands = useRef<ScenarioValue | undefined>(undefined);

  useSignalEffect(() => {
    const value = scenario.value?.value;
    if (value === undefined || value === stands.current) return;
    stands.current = value;
    void print(value);
  });
  const print = async (value: ScenarioValue): Promise<void> => {
    const printed = await engine.ask('print', { scenario: value });
    if (stands.current !== value) return;
    typed.value = printed;
    wrong.value = [];
  };
  const read = async (): Promise<void> => {
    const now = typed.peek();
    try {
      const value = await engine.ask('parse', { text: now, path: 'scenario.yaml' });
      const before = scenario.peek();
      if (typed.peek() !== now || before === undefined) return;
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw new InputError([{ path: 'scenario.yaml', message: 'expected keys and values' }]);
      wrong.value = [];
      stands.current = value;
      scenario.value = { ...before, value };
    } catch (error) {
      if (error instanceof InputError) wrong.value = error.issues;
      else failure.value = String(error);
    }
  };
  return (
    <section class="card yaml">
      <h2>{text.yaml}</h2>
      <p class="quiet small">{text.yamlAbout}</p>
      <textarea
        aria-label={text.yamlLabel}
        aria-invalid={wrong.value.length > 0}
        spellcheck={false}
        value={typed.value}
        rows={Math.min(40, Math.max(16, typed.value.split('\n').length + 1))}
        onInput={({ currentTarget }) => {
          typed.value = currentTarget.value;
          clearTimeout(timer.current);
          timer.current = setTimeout(() => void read(), rest);
        }}
      />
      {wrong.value.map(({ path, message }) => (
        <p key={`${path} ${message}`} class="field-problem" role="alert">
          {path}: {inWords(message)}
        </p>
      ))}
    </section>
  );
}
