/** Scenarios of `examples/` whose results must have the same bytes everywhere: two pools with a pooled cache, speculation and microbatches; merged instances; a closed loop. */
export const scenarios = ['cloudmatrix384-deepseek-r1', 'h100-llama-3.1-70b', 'closed-loop'] as const;

/** Enough to reach preemption, eviction and every kind of event, and few enough for a test. */
export const requests = 2000;

/** The fewest samples of short runs: what is off in them has to be the same everywhere too. */
export const sampled = { samples: 9, requests: 300 } as const;

/** Whom a result says that it is by. */
export const version = 'test';

/** Where two texts part, with what stands there; empty where they are equal. */
export function firstDifference(a: string, b: string): string {
  if (a === b) return '';
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return `at ${at}: ${JSON.stringify(a.slice(Math.max(0, at - 40), at + 40))} and ${JSON.stringify(b.slice(Math.max(0, at - 40), at + 40))}`;
}
