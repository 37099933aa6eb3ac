import { effect, signal, type Signal } from '@preact/signals';
import { language } from './messages.ts';

/** Chinese of what comes in English from the engine and from files; fetched when the page is Chinese for the first time. */
const chinese: Signal<typeof import('./chinese/all.ts') | undefined> = signal(undefined);
effect(() => {
  if (language.value === 'zh' && chinese.peek() === undefined) void import('./chinese/all.ts').then((all) => (chinese.value = all));
});

function known(): typeof chinese.value {
  return language.value === 'zh' ? chinese.value : undefined;
}

/** What the engine says is wrong, or to be minded, in the language of the page; English where nobody has translated it. */
export function inWords(english: string): string {
  return known()?.messageWords(english) ?? english;
}

/** What is said of an example. */
export function aboutExample(name: string, english: string): string {
  return known()?.exampleWords[name] ?? english;
}

/** What would help an iteration, and parts of the memory of a die. */
export function stepPart(english: string): string {
  return known()?.stepWords(english) ?? english;
}
