import type { Issue } from '../src/base/errors.ts';
import { flagNamed } from './flag-named.ts';

/** Flags of `supernode network` as they were typed. */
export interface NetworkFlags {
  readonly fail?: readonly string[] | undefined;
  readonly slow?: readonly string[] | undefined;
  readonly path?: readonly string[] | undefined;
  readonly operation?: string | undefined;
  readonly plane?: string | undefined;
  readonly size?: string | undefined;
  readonly collective?: string | undefined;
  readonly ranks?: string | undefined;
  readonly dispatch?: boolean | undefined;
  readonly combine?: boolean | undefined;
  readonly ep?: string | undefined;
  readonly tokens?: string | undefined;
  readonly hidden?: string | undefined;
  readonly topK?: string | undefined;
  readonly experts?: string | undefined;
  readonly format?: string | undefined;
  readonly stack?: string | undefined;
}

type Question = 'path' | 'collective' | 'dispatch' | 'combine';

/** What each flag is of, and the questions that use it. */
const uses: readonly (readonly [keyof NetworkFlags, string, readonly Question[]])[] = [
  ['operation', 'a path', ['path']],
  ['size', 'a path or a collective', ['path', 'collective']],
  ['ranks', 'a collective', ['collective']],
  ...(['ep', 'tokens', 'hidden', 'topK', 'experts', 'format'] as const).map((key) => [key, 'an exchange', ['dispatch', 'combine']] as const),
  ['stack', 'a collective or an exchange', ['collective', 'dispatch', 'combine']],
];

/** Flags that nothing would come of: what is asked has no use for them. */
export function idleNetworkFlags(flags: NetworkFlags): readonly Issue[] {
  const asked = (['path', 'collective', 'dispatch', 'combine'] as const).filter((key) => flags[key] !== undefined);
  const issues = uses.flatMap(([key, what, questions]): readonly Issue[] => {
    if (flags[key] === undefined || questions.some((question) => asked.includes(question))) return [];
    return [{ path: flagNamed(key), message: `is of ${what}; expected ${listed(questions)} as well` }];
  });
  const [other] = asked.filter((question) => question !== 'path');
  if (flags.plane === undefined || other === undefined) return issues;
  return [...issues, { path: '--plane', message: `is of a path or of the planes themselves; expected it without --${other}` }];
}

/** `--a`, `--a or --b`, `--a, --b or --c`. */
function listed(questions: readonly Question[]): string {
  const all = questions.map(flagNamed);
  return all.length === 1 ? (all[0] ?? '') : `${all.slice(0, -1).join(', ')} or ${all.at(-1)}`;
}
