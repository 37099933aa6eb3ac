import * as z from 'zod';
import type { Issue } from '../../src/base/errors.ts';
import type { Machine } from '../../src/catalogue/machine.ts';
import type { Life } from '../../src/report/records/life.ts';
import type { StepData } from '../../src/report/step/data.ts';
import type { Catalogued } from './catalogued.ts';
import type { Opened } from '../../src/report/live/opened.ts';
import type { Frame, StepRecord } from '../../src/report/live/frame.ts';
import type { ScenarioValue } from './shipped.ts';
import type { PoolKnobs } from './step/knobs.ts';

/*
 * What a page and its engine say to each other. The page asks, each time with a number of its own, and gets one answer with that number: what it
 * asked for, or what is wrong with its input. While a run plays, the worker shows frames without being asked. Checked at the worker's door.
 */

const scenario = z.record(z.string(), z.unknown());
const files = z.array(z.strictObject({ name: z.string(), text: z.string() }));
/** A scenario as its file has it, and the files that it names. `name` stands for the file's own. */
const source = { name: z.string(), scenario, files };

const ask = z.discriminatedUnion('ask', [
  /** What is shipped: names of machines, models and the like, and examples. */
  z.strictObject({ ask: z.literal('catalogue') }),
  /** The content of a YAML or JSON text, and back. */
  z.strictObject({ ask: z.literal('parse'), text: z.string(), path: z.string() }),
  z.strictObject({ ask: z.literal('print'), scenario }),
  /** A machine's facts by name, `name*N`, or the name of a file. */
  z.strictObject({ ask: z.literal('machine'), name: z.string(), files }),
  /** Makes a scenario the one that runs, from its first arrival. */
  z.strictObject({ ask: z.literal('open'), ...source }),
  /** Simulated seconds per second; without `speed` as before. */
  z.strictObject({ ask: z.literal('play'), speed: z.number().positive().optional() }),
  z.strictObject({ ask: z.literal('pause') }),
  /** To a simulated time, back too: the run is computed anew to there, as it was. Infinity: to its end. */
  z.strictObject({ ask: z.literal('seek'), to: z.number().min(0).or(z.literal(Infinity)) }),
  /** A request of the run: where its time went. */
  z.strictObject({ ask: z.literal('inspect'), request: z.int().min(0) }),
  /** Iterations of the last so many simulated seconds. */
  z.strictObject({ ask: z.literal('iterations'), seconds: z.number().positive() }),
  /** A part fails now, in the words of a scenario. Answers with the simulated time. */
  z.strictObject({
    ask: z.literal('fault'),
    fault: z.strictObject({ cause: z.enum(['kill', 'hang', 'slow']), part: z.string(), duration: z.number().positive().optional() }),
  }),
  /** Takes back what was done to the run by hand, and begins anew. */
  z.strictObject({ ask: z.literal('reset') }),
  z.strictObject({ ask: z.literal('pools'), ...source }),
  /** One iteration by the flags of the command line: the data of `step --json`; whole, with intervals and what would help. */
  z.strictObject({ ask: z.literal('step'), flags: z.record(z.string(), z.union([z.string(), z.boolean()])), files, whole: z.boolean() }),
  /** The summary of a whole run of its own, as JSON: the bytes of `simulate --json`; nothing where it is given up. */
  z.strictObject({ ask: z.literal('simulate'), ...source, intervals: z.boolean() }),
  /** Gives up all whole runs that are under way. */
  z.strictObject({ ask: z.literal('give-up') }),
]);

/** The door: what comes from a page. */
export const message = z.union([
  z.strictObject({ id: z.number(), body: ask }),
  /** The last frame is on the screen: another one may come. A page that is slow, or out of sight, gets fewer and is not flooded. */
  z.strictObject({ shown: z.literal(true) }),
]);

export type Ask = z.infer<typeof ask>;
export type AskKind = Ask['ask'];

/** What is answered, by what was asked. */
export interface Answers {
  readonly catalogue: Catalogued;
  readonly parse: ScenarioValue;
  readonly print: string;
  readonly machine: Machine;
  readonly open: Opened;
  readonly play: void;
  readonly pause: void;
  readonly seek: void;
  readonly inspect: Life | undefined;
  readonly iterations: readonly StepRecord[];
  readonly fault: number;
  readonly reset: void;
  readonly pools: readonly PoolKnobs[];
  readonly step: StepData;
  readonly simulate: string | undefined;
  readonly 'give-up': void;
}

/** What comes from the worker. */
export type FromWorker =
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  /** The input is wrong: every problem. */
  | { readonly kind: 'refused'; readonly id: number; readonly issues: readonly Issue[] }
  /** The program is wrong. */
  | { readonly kind: 'failed'; readonly id: number; readonly error: string }
  | { readonly kind: 'frame'; readonly frame: Frame };
