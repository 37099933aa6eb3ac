import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Shares } from './fair-queue.ts';
import { queueOf, schedulerNames, type SchedulerName, type WaitingView } from './scheduler.ts';

interface Prompt {
  readonly priority: number;
  readonly tenant: number;
  readonly promptTokens: number;
  readonly deadline: number;
  readonly cached: number;
}

type Move = { readonly kind: 'push' | 'front'; readonly prompt: Prompt } | { readonly kind: 'shift' | 'prepare'; readonly after: number };

const prompt: fc.Arbitrary<Prompt> = fc.record({
  priority: fc.constantFrom(0, 0, 0, 1, 2),
  tenant: fc.nat(2),
  promptTokens: fc.integer({ min: 1, max: 6 }),
  deadline: fc.constantFrom(1, 3, 5, 9, Infinity),
  cached: fc.nat(3),
});

const move: fc.Arbitrary<Move> = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant('push' as const), prompt }), weight: 5 },
  { arbitrary: fc.record({ kind: fc.constant('front' as const), prompt }), weight: 1 },
  { arbitrary: fc.record({ kind: fc.constant('shift' as const), after: fc.constant(0) }), weight: 4 },
  { arbitrary: fc.record({ kind: fc.constant('prepare' as const), after: fc.nat(3) }), weight: 2 },
);

/** What waits, in order of coming; who went to the front, in front. */
interface Waiting {
  readonly slot: number;
  readonly prompt: Prompt;
  readonly front: boolean;
}

/** SCH-9 to SCH-13 as a sort of everything that waits. */
function naiveFirst(name: SchedulerName, waiting: readonly Waiting[], now: number, served: readonly number[]): Waiting {
  const key = ({ prompt: one, front }: Waiting): readonly number[] => {
    switch (name) {
      case 'prompts-first':
        return [-one.cached];
      case 'shortest-prompt':
        return front ? [-1] : [one.promptTokens];
      case 'slo-aware':
        return front ? [-1, 0] : [one.deadline < now ? 1 : 0, one.deadline];
      case 'fair':
        return [served[one.tenant] ?? 0, one.tenant];
      case 'fcfs':
      case 'mixed':
        return [];
    }
  };
  const keyed = waiting.map((one, i) => ({ one, key: [-one.prompt.priority, ...key(one), i] }));
  return keyed.reduce((best, other) => (less(other.key, best.key) ? other : best)).one;
}

function less(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0);
}

describe.each(schedulerNames)('the queue of %s', (name) => {
  test('SCH-9, SCH-10, SCH-11, SCH-12, SCH-13 gives what waits in the order of its rule, each once', () => {
    let taken = 0;
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60, size: 'max' }), (moves) => {
        const prompts: Prompt[] = [];
        const of = (slot: number): Prompt => prompts[slot] as Prompt;
        const view: WaitingView = {
          priority: (slot) => of(slot).priority,
          tenant: (slot) => of(slot).tenant,
          promptTokens: (slot) => of(slot).promptTokens,
          deadline: (slot) => of(slot).deadline,
        };
        const weights = [1, 2];
        const queue = queueOf(name, view, (slot) => of(slot).cached, new Shares(weights));
        let waiting: Waiting[] = [];
        let now = 0;
        const served = [0, 0, 0];
        const given: number[][] = [];
        const due: number[][] = [];
        for (const step of moves) {
          if (step.kind === 'push' || step.kind === 'front') {
            const slot = prompts.push(step.prompt) - 1;
            const { tenant } = step.prompt;
            if (waiting.length > 0 && !waiting.some(({ prompt: one }) => one.tenant === tenant))
              served[tenant] = Math.max(served[tenant] ?? 0, Math.min(...waiting.map(({ prompt: one }) => served[one.tenant] ?? 0)));
            const one = { slot, prompt: step.prompt, front: step.kind === 'front' };
            waiting = step.kind === 'front' ? [one, ...waiting] : [...waiting, one];
            if (step.kind === 'front') queue.pushFront(slot);
            else queue.push(slot);
          } else if (step.kind === 'prepare') {
            queue.prepare((now += step.after));
          } else if (waiting.length > 0) {
            const expected = naiveFirst(name, waiting, now, served);
            const alike = waiting.filter(({ prompt: one }) => one.priority === expected.prompt.priority);
            for (const places of queue.behind === undefined ? [] : [0, 1, 2]) {
              given.push([queue.behind?.(places) ?? 0]);
              due.push([alike[places]?.slot ?? -1]);
            }
            given.push([queue.first, queue.shift()]);
            due.push([expected.slot, expected.slot]);
            waiting = waiting.filter((one) => one !== expected);
            served[expected.prompt.tenant] = (served[expected.prompt.tenant] ?? 0) + expected.prompt.promptTokens / (weights[expected.prompt.tenant] ?? 1);
          }
          expect(queue.size).toBe(waiting.length);
        }
        expect(given).toEqual(due);
        taken += due.length;
      }),
      { numRuns: 300 },
    );
    expect(taken).toBeGreaterThan(1000);
  });

  test('SCH-9 forgets everything when cleared', () => {
    const view: WaitingView = { priority: () => 0, tenant: (slot) => slot % 3, promptTokens: () => 1, deadline: () => 1 };
    const queue = queueOf(name, view, () => 0, new Shares([]));
    for (let slot = 0; slot < 7; slot++) queue.push(slot);
    queue.clear();
    expect(queue.size).toBe(0);
    queue.push(9);
    expect(queue.shift()).toBe(9);
  });
});
