import type { JSX } from 'preact';
import { FileButton } from '../../parts/field/file-button.tsx';
import { openFiles } from '../../state/files.ts';
import { issues, scenario } from '../../state/scenario.ts';
import { Keys } from './keys.tsx';
import { scenarioSchema } from './schema.ts';
import './scenario.css';
import { scenarioText } from './text.ts';
import { YamlEditor } from './yaml-editor.tsx';

/** The scenario as a form that is made from its schema, and as a file. */
export function View(): JSX.Element {
  const text = scenarioText();
  if (scenario.value === undefined) return <p class="quiet">{text.starting}</p>;
  const wrong = issues.value.length;
  return (
    <section class="scenario-view">
      <div class="scenario-head">
        <h1>{text.title}</h1>
        <p class={wrong === 0 ? 'verdict good' : 'verdict bad'} role="status">
          {wrong === 0 ? text.right : text.wrong(wrong)}
        </p>
      </div>
      <p class="quiet">{text.about}</p>
      <div class="scenario-columns">
        <form class="scenario-form" onSubmit={(event) => event.preventDefault()}>
          <Keys node={scenarioSchema} value={scenario.value.value} path={[]} />
        </form>
        <div class="scenario-side">
          <YamlEditor />
          <Files />
        </div>
      </div>
    </section>
  );
}

/** Files that the scenario names and that the user opened. */
function Files(): JSX.Element {
  const text = scenarioText();
  const files = scenario.value?.files ?? [];
  return (
    <section class="card files">
      <h2>{text.files}</h2>
      {files.length === 0 ? undefined : (
        <ul>
          {files.map(({ name, text: content }) => (
            <li key={name}>
              <code>{name}</code> <small class="quiet">{Math.ceil(content.length / 1024).toLocaleString('en-US')} kB</small>{' '}
              <button type="button" class="link" aria-label={text.removeFile(name)} onClick={() => without(name)}>
                ✕
              </button>
            </li>
          ))}
        </ul>
      )}
      <p class="quiet small">{text.drop}</p>
      <FileButton text={text.choose} multiple onFiles={(chosen) => void openFiles(chosen)} />
    </section>
  );
}

function without(name: string): void {
  const now = scenario.peek();
  if (now !== undefined) scenario.value = { ...now, files: now.files.filter((file) => file.name !== name) };
}
