import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { InputError } from '../../../src/base/errors.ts';
import { catalogue, engine } from '../../state/run.ts';
import { issues, scenario } from '../../state/scenario.ts';
import { setViewState, viewState } from '../../state/view-state.ts';
import { keyOfFile, keysIn, mostEntries, textOf } from './entries.ts';
import { colourOf } from './colours.ts';
import { entries } from './state.ts';
import { compareText } from './text.ts';

/** What is compared: the scenario and up to three more. */
export function Chooser(): JSX.Element {
  const text = compareText();
  const input = useRef<HTMLInputElement>(null);
  const keys = keysIn(viewState.value['with']);
  const set = (next: readonly string[]): void => setViewState('with', textOf(next));
  const add = (key: string): void => {
    if (key === 'file') input.current?.click();
    else if (key !== '' && !keys.includes(key)) set([...keys, key]);
  };
  const examples = Object.keys(catalogue.value?.examples ?? {}).filter((name) => name !== scenario.value?.name);
  const machines = (catalogue.value?.entries.machines ?? []).filter(({ name }) => name !== scenario.value?.value['machine']);
  return (
    <div class="chooser">
      {entries.value.map(({ state, summary, issues: wrong }, i) => (
        <article class="card chosen" key={i} style={{ borderTopColor: colourOf(i) }}>
          <h2>
            {state.name}
            {i === 0 ? undefined : (
              <button type="button" class="remove" aria-label={text.remove(state.name)} onClick={() => set(keys.toSpliced(i - 1, 1))}>
                ✕
              </button>
            )}
          </h2>
          {summary === undefined ? undefined : (
            <p class="quiet small">
              {summary.model.name} · {text.on(`${summary.machine.chipsUsed} ${summary.machine.chipWord}`, summary.machine.title)}
            </p>
          )}
          {wrong.length === 0 ? undefined : (
            <div role="alert" class="field-problem">
              {text.wrong}
              <ul>
                {wrong.slice(0, 4).map(({ path, message }) => (
                  <li key={`${path}${message}`}>
                    <code>{path.replace(/^[^:]*: /, '')}</code> {message}
                  </li>
                ))}
              </ul>
            </div>
          )}
        </article>
      ))}
      {keys.length >= mostEntries - 1 ? undefined : (
        <select
          class="add-key"
          aria-label={text.add}
          value=""
          onChange={({ currentTarget }) => {
            add(currentTarget.value);
            currentTarget.value = '';
          }}
        >
          <option value="">{text.add}</option>
          <optgroup label={text.examples}>
            {examples.map((name) => (
              <option key={name} value={`ex:${name}`}>
                {name}
              </option>
            ))}
          </optgroup>
          <optgroup label={text.machines}>
            {machines.map(({ name, title }) => (
              <option key={name} value={`on:${name}`}>
                {title}
              </option>
            ))}
          </optgroup>
          <option value="file">{text.file}</option>
        </select>
      )}
      <input
        ref={input}
        type="file"
        class="unseen"
        tabIndex={-1}
        aria-label={text.fileLabel}
        accept=".yaml,.yml,.json"
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? [];
          if (file !== undefined) void fromFile(file).then((key) => (key === undefined ? undefined : set([...keys, key])));
          currentTarget.value = '';
        }}
      />
    </div>
  );
}

async function fromFile(file: File): Promise<string | undefined> {
  try {
    const value = await engine.ask('parse', { text: await file.text(), path: file.name });
    return await keyOfFile({ name: file.name.replace(/\.(ya?ml|json)$/, ''), value, files: [] });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    issues.value = error.issues;
    return undefined;
  }
}
