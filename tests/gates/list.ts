/** A check that the tree must pass. */
export interface Gate {
  readonly name: string;
  /** A program of node_modules/.bin and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** `exit-code`: one check; `vitest`: as many as the JSON report lists. */
  readonly counts: 'exit-code' | 'vitest';
  /** Needs a Chromium, and is skipped on a user's machine that has none. */
  readonly browser: boolean;
}

/** Every gate, cheap ones first. */
export const gates: readonly Gate[] = [
  { name: 'types', command: ['tsc', '-b'], counts: 'exit-code', browser: false },
  { name: 'lint', command: ['oxlint', '--deny-warnings'], counts: 'exit-code', browser: false },
  { name: 'format', command: ['oxfmt', '--check'], counts: 'exit-code', browser: false },
  { name: 'dead code', command: ['knip'], counts: 'exit-code', browser: false },
  {
    name: 'tests in Node',
    command: ['vitest', 'run', '--project', 'engine', '--project', 'shells', '--project', 'live', '--project', 'timed'],
    counts: 'vitest',
    browser: false,
  },
  { name: 'tests in Chromium', command: ['vitest', 'run', '--project', 'browser', '--project', 'page'], counts: 'vitest', browser: true },
];

/** @throws Error for a name that no gate has. */
export function gateNamed(name: string): Gate {
  const gate = gates.find((one) => one.name === name);
  if (gate === undefined) throw new Error(`no such gate: ${name}`);
  return gate;
}
