import type { JSX } from 'preact';
import { InputError } from '../../../src/base/errors.ts';
import { count } from '../../../src/report/wording.ts';
import { FileButton } from '../../parts/field/file-button.tsx';
import { catalogue, engine } from '../../state/run.ts';
import { issues, scenario } from '../../state/scenario.ts';
import { setViewState, viewState } from '../../state/view-state.ts';
import { inWords } from '../../text/translated.ts';
import { keyOfFile, keysIn, mostEntries, textOf } from './entries.ts';
import { colourOf } from './colours.ts';
import { Letter } from './letter.tsx';
import { entries } from './state.ts';
import { compareText } from './text.ts';

/** What is compared: the scenario and up to three more. */
export function Chooser(): JSX.Element {
  const text = compareText();
  const keys = keysIn(viewState.value['with']);
  const set = (next: readonly string[]): void => setViewState('with', textOf(next));
  const add = (key: string): void => {
    if (key !== '' && !keys.includes(key)) set([...keys, key]);
  };
  const examples = Object.keys(catalogue.value?.examples ?? {}).filter((name) => name !== scenario.value?.name);
  const machines = (catalogue.value?.entries.machines ?? []).filter(({ name }) => name !== scenario.value?.value['machine']);
  return (
    <div class="chooser">
      {entries.value.map(({ state, summary, issues: wrong }, i) => (
        <article class="card chosen" key={i} style={{ borderTopColor: colourOf(i) }}>
          <h2>
            <span>
              <Letter place={i} /> {state.name}
            </span>
            {i === 0 ? undefined : (
              <button type="button" class="remove" aria-label={text.remove(state.name)} onClick={() => set(keys.toSpliced(i - 1, 1))}>
                ✕
              </button>
            )}
          </h2>
          {summary === undefined ? undefined : (
            <p class="quiet small">
              {summary.model.name} · {text.on(count(summary.machine.chipsUsed, summary.machine.chipWord), summary.machine.title)}
            </p>
          )}
          {wrong.length === 0 ? undefined : (
            <div role="alert" class="field-problem">
              {text.wrong}
              <ul>
                {wrong.slice(0, 4).map(({ path, message }) => (
                  <li key={`${path}${message}`}>
                    <code>{path.replace(/^[^:]*: /, '')}</code> {inWords(message)}
                  </li>
                ))}
              </ul>
            </div>
          )}
        </article>
      ))}
      {keys.length >= mostEntries - 1 ? undefined : (
        <div class="adding">
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
          </select>
          <FileButton
            text={text.file}
            label={text.fileLabel}
            accept=".yaml,.yml,.json"
            onFiles={([file]) => void fromFile(file).then((key) => (key === undefined ? undefined : set([...keys, key])))}
          />
        </div>
      )}
    </div>
  );
}

async function fromFile(file: File | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    const value = await engine.ask('parse', { text: await file.text(), path: file.name });
    return await keyOfFile({ name: file.name.replace(/\.(ya?ml|json)$/, ''), value, files: [] });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    issues.value = error.issues;
    return undefined;
  }
}
