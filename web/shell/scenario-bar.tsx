import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { FileButton } from '../parts/field/file-button.tsx';
import { openFiles, saveScenario } from '../state/files.ts';
import { catalogue } from '../state/run.ts';
import { scenario } from '../state/scenario.ts';
import { exampleState, tooLarge } from '../state/start.ts';
import { aboutExample } from '../text/translated.ts';
import { shellText } from '../text/shell.ts';

/** Which scenario: an example, a file, a link. */
export function ScenarioBar(): JSX.Element {
  const text = shellText();
  const shared = useSignal(false);
  const now = scenario.value;
  const examples = Object.entries(catalogue.value?.examples ?? {});
  const isExample = now !== undefined && catalogue.value?.examples[now.name]?.scenario === now.value;
  const changed = !isExample && now !== undefined && now.name in (catalogue.value?.examples ?? {});
  const about = isExample ? aboutExample(now.name, catalogue.value?.examples[now.name]?.about ?? '') : '';
  const share = async (): Promise<void> => {
    await navigator.clipboard.writeText(location.href);
    shared.value = true;
    setTimeout(() => (shared.value = false), 2000);
  };
  return (
    <section class="scenario-bar" aria-label={text.scenario}>
      <select aria-label={text.examples} value={isExample ? now.name : ''} onChange={({ currentTarget }) => choose(currentTarget.value)}>
        {isExample ? undefined : <option value="">{changed ? text.changed(now.name) : (now?.name ?? '…')}</option>}
        {examples.map(([name, { about }]) => (
          <option key={name} value={name} title={aboutExample(name, about)}>
            {name}
          </option>
        ))}
      </select>
      <FileButton text={text.open} hint={text.openHint} multiple accept=".yaml,.yml,.json,.jsonl,.csv,.txt,.gz" onFiles={(files) => void openFiles(files)} />
      <button type="button" title={text.saveHint} disabled={now === undefined} onClick={() => void saveScenario()}>
        {text.save}
      </button>
      <button type="button" title={tooLarge.value ? text.tooLarge : undefined} disabled={now === undefined || tooLarge.value} onClick={() => void share()}>
        <span aria-live="polite">{shared.value ? text.shared : text.share}</span>
      </button>
      <p class="about" title={about}>
        {about}
      </p>
    </section>
  );
}

function choose(name: string): void {
  const example = exampleState(name);
  if (example !== undefined) scenario.value = example;
}
