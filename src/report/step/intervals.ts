import { paceOf } from '../../cost/batch.ts';
import type { StepRequest } from './request.ts';
import { intervalOf, type Interval } from '../../cost/uncertainty/interval.ts';
import { stepSamples, type IntervalOptions, type StepSample } from '../../cost/uncertainty/step-interval.ts';
import type { StepIntervals } from './account.ts';

/** Samples of a step: enough for ends that hardly move with the seed, in a tenth of a second. */
const enough = 63;

/** The intervals of what one iteration comes to: all from the same samples. */
export function stepIntervals(request: StepRequest, options: IntervalOptions): StepIntervals {
  const { setting, batch, phase, total, chips, acceptance } = request;
  const samples = options.samples ?? enough;
  const drawn = stepSamples(setting, batch, { ...options, samples, acceptance });
  const of = (measure: (sample: StepSample) => number): Interval => intervalOf(measure(drawn.nominal), drawn.samples.map(measure));
  const { pipeline } = setting.layout;
  // As the result has it: a round of all batches in flight in decode, one after the other in prefill.
  const round = ({ cost }: StepSample): number => paceOf(cost, pipeline) * (phase === 'decode' ? pipeline : 1);
  const rate = (sample: StepSample): number => (total * (phase === 'decode' ? sample.emitted : 1)) / round(sample);
  return {
    samples,
    time: of(({ cost }) => cost.time),
    ...(phase === 'decode' ? { tpot: of((sample) => round(sample) / sample.emitted) } : {}),
    tokensPerSecondPerChip: of((sample) => rate(sample) / chips),
    tokensPerSecond: of(rate),
  };
}
