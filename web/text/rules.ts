/** Sentences with names and figures in them, and how they are said in another language. */
export type Rules = readonly (readonly [english: RegExp, other: string])[];

/** A text by the first rule that fits; undefined where none does. */
export function byRules(rules: Rules, text: string): string | undefined {
  const rule = rules.find(([english]) => english.test(text));
  return rule === undefined ? undefined : text.replace(...rule);
}
