import type { Condition, Uncertainty } from '../../catalogue/uncertainty.ts';
import type { InstanceBatch, StepCost } from '../batch.ts';
import type { StepSetting } from '../check.ts';
import { stepPricer } from '../pricer.ts';
import { drawsOf, nominal, onlyOf, type Draw } from './draws.ts';
import { priceErrors, type LinkKind, type Rated, type Standing } from './errors.ts';
import { intervalOf, type Interval } from './interval.ts';
import { Unknowns } from './unknowns.ts';

/** How an interval is drawn. */
export interface IntervalOptions {
  /** Draws; at least 9, 31 by default. */
  readonly samples?: number | undefined;
  /** 1 by default: the same seed, the same bytes. */
  readonly seed?: number | undefined;
  /** Conditions that a case states, so that they are not off. */
  readonly known?: readonly Condition[] | undefined;
  /** Unknowns, by the names of their draws, that are off; all by default. */
  readonly only?: ((name: string) => boolean) | undefined;
  /** Chance of each drafted token; none by default. */
  readonly acceptance?: readonly number[] | undefined;
}

/** One step as a sample has it. */
export interface StepSample {
  readonly cost: StepCost;
  /** Tokens that a sequence emits in a step, by the chances of its drafts. */
  readonly emitted: number;
}

/** A step as it is priced, and as it is if what is not known is off. */
export interface StepSamples {
  readonly nominal: StepSample;
  readonly samples: readonly StepSample[];
}

const defaults = { samples: 31, seed: 1 } as const;

/**
 * Prices one step in every sample: cells and links by their errors, load, drift, host and drafts by what is known of them
 * (`setting.stack.uncertainty`).
 * @throws InputError with everything that keeps the instance from being priced
 */
export function stepSamples(setting: StepSetting, batch: InstanceBatch, options: IntervalOptions = {}): StepSamples {
  const { samples = defaults.samples, seed = defaults.seed, known, only, acceptance = [] } = options;
  const { uncertainty } = setting.stack;
  const sampleOf = (draw: Draw): StepSample => {
    const unknowns = new Unknowns(uncertainty, draw, known);
    const errors = draw === nominal ? undefined : priceErrors(uncertainty, draw);
    return { cost: stepPricer(unknowns.setting(setting), errors).cost(batch), emitted: emittedBy(unknowns.acceptance(acceptance)) };
  };
  return { nominal: sampleOf(nominal), samples: drawsOf(seed, samples).map((draw) => sampleOf(only === undefined ? draw : onlyOf(draw, only))) };
}

/**
 * The 80 % interval of a figure of one step, such as its time (the default, in seconds), a rate, or a stage of it.
 * `measure` is called for every sample and must not depend on anything else.
 * @throws InputError with everything that keeps the instance from being priced
 */
export function stepInterval(
  setting: StepSetting,
  batch: InstanceBatch,
  measure: (sample: StepSample) => number = ({ cost }) => cost.time,
  options: IntervalOptions = {},
): Interval {
  const { nominal: point, samples } = stepSamples(setting, batch, options);
  return intervalOf(measure(point), samples.map(measure));
}

/** Draws of a factor alone: it costs nothing to take many. */
const factorDraws = 399;

function factorInterval(uncertainty: Uncertainty | undefined, options: IntervalOptions, of: (errors: ReturnType<typeof priceErrors>) => number): Interval {
  const { samples = factorDraws, seed = defaults.seed } = options;
  return intervalOf(
    1,
    drawsOf(seed, samples).map((draw) => of(priceErrors(uncertainty, draw))),
  );
}

/**
 * The 80 % interval of what one operator takes over what its cell says: multiply the priced time by both ends. `differs`: what the cell stands in for;
 * `time`: of the launch by the cell [s].
 */
export function operatorInterval(standing: Standing, time: number, uncertainty: Uncertainty | undefined, options: IntervalOptions = {}): Interval {
  return factorInterval(uncertainty, options, (errors) => errors.operator('an operator', standing, () => time));
}

/** The same for a launch that rates of the stack price, measured on this generation of chips or assumed. */
export function ratedInterval(launch: Rated, measured: boolean, uncertainty: Uncertainty | undefined, options: IntervalOptions = {}): Interval {
  return factorInterval(uncertainty, options, (errors) => errors.rated('an operator', launch.class, measured, launch));
}

/** The same for a collective, or a dispatch or combine. */
export function linkInterval(kind: LinkKind, uncertainty: Uncertainty | undefined, options: IntervalOptions = {}): Interval {
  return factorInterval(uncertainty, options, (errors) => errors.link(kind, 'a link'));
}

/** Tokens that a sequence emits in a step: 1 + the chance of the first draft + that of the first two ... */
export function emittedBy(acceptance: readonly number[]): number {
  let chance = 1;
  let emitted = 1;
  for (const next of acceptance) {
    chance *= next;
    emitted += chance;
  }
  return emitted;
}
