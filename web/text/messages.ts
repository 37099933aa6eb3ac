import { signal, type Signal } from '@preact/signals';

export const languages = ['en', 'zh'] as const;
export type Language = (typeof languages)[number];

/** The language of the page. */
export const language: Signal<Language> = signal<Language>('en');

type Message = string | ((...values: never[]) => string);
interface Table {
  readonly [key: string]: Message | Table;
}

/** The same keys with the same arguments. */
type Translated<T> = {
  readonly [Key in keyof T]: T[Key] extends string ? string : T[Key] extends (...values: never[]) => string ? T[Key] : Translated<T[Key]>;
};

/**
 * Messages of one part of the page in every language: the compiler refuses a missing key, or a message that takes other values. Call what is returned while
 * drawing: it follows the language.
 */
export function messages<const T extends Table>(en: T, zh: Translated<T>): () => Translated<T> {
  const tables: Readonly<Record<Language, Translated<T>>> = { en: en as Translated<T>, zh };
  return () => tables[language.value];
}
