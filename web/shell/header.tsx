import type { JSX } from 'preact';
import { theme, themes, type Theme } from '../state/preferences.ts';
import { view } from '../state/start.ts';
import { language, languages, type Language } from '../text/messages.ts';
import { shellText } from '../text/shell.ts';
import { viewNames } from '../views/views.ts';

const languageNames: Readonly<Record<Language, string>> = { en: 'English', zh: '简体中文' };

/** Name, views, language and theme. */
export function Header(): JSX.Element {
  const text = shellText();
  return (
    <header class="header">
      <span class="brand">Supernode</span>
      <nav aria-label={text.viewsLabel}>
        <ul>
          {viewNames.map((name) => (
            <li key={name}>
              <a href={`#/${name}`} aria-current={view.value === name ? 'page' : undefined} onClick={(event) => show(event, name)}>
                {text.views[name]}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div class="preferences">
        <select aria-label={text.language} value={language.value} onChange={({ currentTarget }) => (language.value = currentTarget.value as Language)}>
          {languages.map((name) => (
            <option key={name} value={name}>
              {languageNames[name]}
            </option>
          ))}
        </select>
        <select aria-label={text.theme} value={theme.value} onChange={({ currentTarget }) => (theme.value = currentTarget.value as Theme)}>
          {themes.map((name) => (
            <option key={name} value={name}>
              {text.themes[name]}
            </option>
          ))}
        </select>
      </div>
    </header>
  );
}

function show(event: MouseEvent, name: (typeof viewNames)[number]): void {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  view.value = name;
}
