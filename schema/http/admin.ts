import * as z from 'zod';
import { parseQuantity } from '../../src/base/quantity.ts';
import type { Machine } from '../../src/catalogue/machine.ts';
import type { PlannedFault } from '../../src/serving/faults/fault.ts';
import { faultFile } from '../scenario/keys.ts';
import { readFaults } from '../scenario/faults.ts';
import type { FaultFile } from '../scenario/file.ts';
import { Problems } from '../scenario/problems.ts';
import { readShape } from '../scenario/shape.ts';

const time = z.string().transform((text, context) => {
  const { value, problem } = parseQuantity(text, 'time');
  if (value !== undefined && value >= 0) return value;
  context.issues.push({ code: 'custom', message: problem ?? 'expected a time of at least 0', input: text });
  return z.NEVER;
});

const drills = ['kill+relaunch', 'flap', 'hang', 'partition'] as const;

interface Drill {
  readonly drill: (typeof drills)[number];
  readonly part: string;
  /** [s] */
  readonly for: number;
  readonly times: number;
  readonly every: number;
}

const drill: z.ZodType<Drill> = z.strictObject({
  drill: z.enum(drills, { error: `expected one of ${[...drills, 'add'].join(', ')}` }),
  part: z.string().min(1),
  for: time,
  times: z.int().min(1).max(100).default(1),
  every: time.default(0),
});

/** How many instances a pool is to have: `instances` of it, or so many more. The drill `add` asks for more while there is load. */
export interface AskedScale {
  readonly pool?: string | undefined;
  readonly instances?: number | undefined;
  readonly more?: number | undefined;
}

const count = z.int().min(0).max(10_000);
export const scaleBody: z.ZodType<AskedScale> = z.strictObject({ pool: z.string().optional(), instances: count });
export const addDrill: z.ZodType<AskedScale> = z
  .strictObject({ drill: z.literal('add'), pool: z.string().optional(), instances: count.min(1).default(1) })
  .transform(({ pool, instances }) => ({ pool, more: instances }));

/**
 * Faults that somebody asks for while a run goes on: entries as in `faults` of a scenario with `at` counted from now, or a drill. Drills are
 * lists of such faults: `flap` kills a part `times` times `every` so often, `kill+relaunch` and `hang` do so once, `partition` cuts links.
 * @param now of the simulation [s]
 * @throws InputError with everything that is wrong
 */
export function askedFaults(body: Readonly<Record<string, unknown>>, machine: Machine, now: number): readonly PlannedFault[] {
  const problems = new Problems('');
  const list: readonly FaultFile[] = 'drill' in body ? entriesOf(readShape(drill, body, problems)) : readShape(entries, body, problems).faults;
  if (list.length === 0 && !problems.covers('faults')) problems.add('faults', 'expected a list of faults, or a drill, got neither');
  problems.throwIfAny();
  list.forEach((fault, i) => {
    if (fault.mtbf !== undefined) problems.add(`faults[${i}].mtbf`, 'comes at random; expected at, counted from now');
  });
  const { planned } = readFaults(
    list.map((fault) => ({ ...fault, at: now + (fault.at ?? 0) })),
    {},
    machine,
    problems,
  );
  problems.throwIfAny();
  return planned;
}

const entries: z.ZodType<{ readonly faults: readonly FaultFile[] }> = z.strictObject({ faults: z.array(faultFile).min(1).max(1000).default([]) });

function entriesOf(asked: Drill): readonly FaultFile[] {
  const { drill: name, part, for: duration, times, every } = asked;
  const cause = name === 'hang' ? 'hang' : 'kill';
  const count = name === 'flap' ? times : 1;
  return Array.from({ length: count }, (_, i) => ({ at: i * every, for: duration, [cause]: part }));
}
