import * as z from 'zod';
import type { Issue } from '../../src/base/errors.ts';
import { InputError } from '../../src/base/errors.ts';
import { hashOf } from '../../src/report/hash.ts';
import { startOf } from '../../src/kernel/id-runs.ts';
import type { External } from '../../src/serving/external.ts';
import { faultKinds } from '../../src/serving/faults/fault.ts';
import type { Scenario } from '../../src/serving/scenario.ts';
import { restored } from './portable.ts';
import { logSchema, type LogEnd } from './write-log.ts';

/** What an event log tells besides its events. */
export interface EventLog {
  readonly version: string;
  readonly scenario: Scenario;
  /** In the order in which they were done. */
  readonly externals: readonly External[];
  readonly end: LogEnd;
}

const headOf = z.object({
  schema: z.literal(logSchema),
  version: z.string(),
  seed: z.number(),
  scenarioHash: z.string(),
  arrays: z.int().min(0),
  scenario: z.record(z.string(), z.unknown()),
});
const dataOf = z.object({ kind: z.literal('data'), array: z.int().min(0), values: z.array(z.number()) });
const arrivalOf = z.object({
  arrivedAt: z.number().min(0),
  inputTokens: z.int().min(1),
  outputTokens: z.int().min(1),
  blockTokens: z.int().min(0),
  prefix: z
    .array(z.int())
    .refine(
      (runs) => runs.length % 2 === 0 && runs.every((end, i) => i % 2 === 0 || end > startOf(runs, i - 1)),
      'expected ids as runs: the first one, then how many there are up to its end',
    ),
  thread: z.int(),
  tenant: z.int().min(0),
  priority: z.int(),
  model: z.int().min(0),
  adapter: z.int().min(0),
});
const externalOf = z.object({
  kind: z.literal('external'),
  at: z.number().min(0),
  action: z.discriminatedUnion('kind', [
    z.looseObject({ kind: z.literal('inject'), request: z.looseObject(arrivalOf.shape) }),
    z.looseObject({ kind: z.literal('abort'), request: z.int().min(0), cause: z.string() }),
    z.looseObject({ kind: z.literal('fault'), fault: z.looseObject({ kind: z.enum(faultKinds), at: z.number(), left: z.number() }) }),
    z.looseObject({
      kind: z.literal('hand-over'),
      request: z.int().min(0),
      instance: z.int().min(0).optional(),
      rank: z.int().min(0).optional(),
      tokens: z.int().min(1),
    }),
    z.looseObject({ kind: z.literal('flush'), pooled: z.boolean() }),
    z.looseObject({ kind: z.literal('heal'), fault: z.int().min(0) }),
    z.looseObject({ kind: z.literal('scale'), pool: z.int().min(0), instances: z.int().min(0) }),
    z.looseObject({ kind: z.literal('stop') }),
  ]),
});
const endOf = z.object({ kind: z.literal('end'), at: z.number(), records: z.int().min(0), interrupted: z.boolean(), summaryHash: z.string() });

/** Whether a line of a log holds something else than an event or an action from outside. */
export function isFrame(line: string): boolean {
  return line.startsWith('{"schema":') || line.startsWith('{"kind":"data"') || line.startsWith('{"kind":"end"') || line === '';
}

/**
 * Reads an event log for what it needs to run again; its events are not looked at.
 * @throws InputError with everything that is wrong
 */
export async function readEventLog(lines: AsyncIterable<string>, path: string): Promise<EventLog> {
  const issues: Issue[] = [];
  let head: z.infer<typeof headOf> | undefined;
  let end: LogEnd | undefined;
  const arrays: number[][] = [];
  const externals: External[] = [];
  let number = 0;
  let records = 0;
  const read = <Out>(schema: z.ZodType<Out>, line: string): Out | undefined => {
    const value = parsed(line);
    if (value === undefined) {
      issues.push({ path: `${path}: line ${number}`, message: 'is damaged or cut off: it is not JSON' });
      return undefined;
    }
    const { data, error } = schema.safeParse(value);
    for (const { path: at, message } of error?.issues ?? [])
      issues.push({ path: `${path}: line ${number}${at.length > 0 ? `: ${at.join('.')}` : ''}`, message });
    return data;
  };
  for await (const line of lines) {
    number++;
    if (number === 1) {
      head = line.startsWith(`{"schema":"${logSchema}"`) ? read(headOf, line) : undefined;
      if (head === undefined && issues.length === 0) issues.push({ path, message: `is no event log; expected a first line with "schema":"${logSchema}"` });
      if (head === undefined) break;
    } else if (end !== undefined) {
      issues.push({ path: `${path}: line ${number}`, message: 'stands behind the end of the log' });
      break;
    } else if (line.startsWith('{"kind":"data"')) {
      const data = read(dataOf, line);
      if (data !== undefined) (arrays[data.array] ??= []).push(...data.values);
    } else if (line.startsWith('{"kind":"external"')) {
      records++;
      // As it stands, keys in their order: it is compared as text.
      if (read(externalOf, line) !== undefined) externals.push(parsed(line) as External);
    } else if (line.startsWith('{"kind":"end"')) end = read(endOf, line);
    else records++;
    if (issues.length > 10) break;
  }
  if (number === 0) issues.push({ path, message: 'the file is empty; expected an event log' });
  if (issues.length > 0 || head === undefined) throw new InputError(issues);
  const scenario = restored(head.scenario, arrays) as Scenario;
  if (hashOf(scenario) !== head.scenarioHash) issues.push({ path: `${path}: line 1: scenario`, message: 'is not the one that was logged: its hash differs' });
  if (end === undefined) issues.push({ path, message: 'ends before the run does: its last line is missing' });
  else if (end.records !== records) issues.push({ path, message: `expected ${end.records} records by its last line, found ${records}` });
  if (issues.length > 0 || end === undefined) throw new InputError(issues);
  return { version: head.version, scenario, externals, end };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}
