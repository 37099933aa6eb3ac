import type { JSX } from 'preact';
import { failure, issues } from '../state/scenario.ts';
import { opened } from '../state/run.ts';
import { unreadable } from '../state/start.ts';
import { inWords } from '../text/translated.ts';
import { shellText } from '../text/shell.ts';

/** Everything that is wrong with the scenario, and a fault of the program. */
export function Problems(): JSX.Element | null {
  const text = shellText();
  if (failure.value !== undefined)
    return (
      <section class="problems" role="alert">
        <p>{text.failed}</p>
        <pre>{failure}</pre>
      </section>
    );
  if (issues.value.length === 0)
    return unreadable.value ? (
      <section class="problems" role="alert">
        <p>{text.unreadable}</p>
        <button type="button" onClick={() => (unreadable.value = false)}>
          {text.close}
        </button>
      </section>
    ) : null;
  return (
    <section class="problems" role="alert">
      <p>
        <strong>{text.problems(issues.value.length)}</strong> {opened.value === undefined ? '' : text.keeps}
      </p>
      <ul>
        {issues.value.map(({ path, message }) => (
          <li key={`${path} ${message}`}>
            {path === '' ? undefined : <code>{path}</code>} {inWords(message)}
          </li>
        ))}
      </ul>
      <button type="button" onClick={() => (issues.value = [])}>
        {text.close}
      </button>
    </section>
  );
}
