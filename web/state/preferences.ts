import { effect, signal, type Signal } from '@preact/signals';
import { language, languages, type Language } from '../text/messages.ts';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

export const theme: Signal<Theme> = signal<Theme>('system');

const systemIsDark = matchMedia('(prefers-color-scheme: dark)');

/** Whether the page is dark now. */
export const dark: Signal<boolean> = signal(systemIsDark.matches);

/** Takes language and theme from the last visit, or from the browser, and keeps them. */
export function keepPreferences(): void {
  language.value = oneOf(languages, localStorage.getItem('language')) ?? preferredLanguage();
  theme.value = oneOf(themes, localStorage.getItem('theme')) ?? 'system';
  const follow = (): void => {
    const now = theme.value === 'system' ? systemIsDark.matches : theme.value === 'dark';
    // First the page: who follows the signal asks it for its colours.
    document.documentElement.dataset['theme'] = now ? 'dark' : 'light';
    dark.value = now;
  };
  systemIsDark.addEventListener('change', follow);
  effect(() => {
    localStorage.setItem('theme', theme.value);
    follow();
  });
  effect(() => {
    localStorage.setItem('language', language.value);
    document.documentElement.lang = language.value === 'zh' ? 'zh-Hans' : 'en';
  });
}

function preferredLanguage(): Language {
  return navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag === 'zh' || tag === 'en') === 'zh' ? 'zh' : 'en';
}

function oneOf<T extends string>(names: readonly T[], text: string | null): T | undefined {
  return names.find((name) => name === text);
}
