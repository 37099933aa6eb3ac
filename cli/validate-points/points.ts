import { readFileSync, statSync } from 'node:fs';
import type { OverheadProfile } from '../../schema/overheads.ts';
import { readPoints } from '../../schema/points/read-points.ts';
import type { ServingPoint } from '../../schema/points/point.ts';
import { InputError } from '../../src/base/errors.ts';
import type { Scenario } from '../../src/serving/scenario.ts';
import { Progress } from '../progress.ts';
import { PointCatalogue } from './catalogue.ts';
import { cardOf } from './models.ts';
import { Predictor } from './predict.ts';
import { grouped, speculative } from './rules.ts';
import { requestsPerSlot, scenarioOf } from './scenario.ts';
import { judge, type JudgedPoint } from './score.ts';

/** What was made of a table of serving points. */
export interface PointsValidation {
  readonly file: string;
  readonly rows: number;
  readonly judged: readonly JudgedPoint[];
  /** Points that could not be predicted, by the reason. */
  readonly unscored: readonly { readonly point: ServingPoint; readonly reason: string }[];
  readonly requestsPerSlot: number;
}

/** Expected work of a run, for the estimate of what is left: steps. */
function work({ output = 1, concurrency = 1 }: ServingPoint): number {
  return output + concurrency;
}

/** Settings in a row, so that they share what is compiled. */
function settingOf({ mode, model, precision, system, backend, version, layout, prefill, decode }: ServingPoint): string {
  return JSON.stringify([mode, model, precision, system, backend, version, layout, prefill, decode]);
}

/**
 * Predicts every point of a table by simulation.
 * @throws InputError when the table cannot be read
 */
export async function validatePoints(
  file: string,
  { only = () => true, overheads }: { readonly only?: (point: ServingPoint) => boolean; readonly overheads?: readonly OverheadProfile[] } = {},
): Promise<PointsValidation> {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) throw new InputError([{ path: '--points', message: `no such file: ${file}` }]);
  const points = readPoints(readFileSync(file, 'utf8'), file).filter(only);
  const catalogue = new PointCatalogue(overheads);
  const predictor = new Predictor();
  const drafts = (published: string): boolean => {
    const card = cardOf(published, catalogue.conventions.models);
    return card !== undefined && catalogue.model(card, published, '').draft !== undefined;
  };
  const marked = speculative(points, drafts);
  const keys = [...grouped(points, ({ key }) => key).values()].flatMap(([first]) => (first === undefined ? [] : [first]));
  keys.sort((a, b) => (settingOf(a) < settingOf(b) ? -1 : 1));
  const progress = new Progress('serving points');
  const all = keys.reduce((sum, point) => sum + work(point), 0);
  const predicted = new Map<string, { readonly ttft: number; readonly tpot: number }>();
  const reasons = new Map<string, string>();
  let done = 0;
  for (const point of keys) {
    const { scenario, reason } = await scenarioOf(point, catalogue);
    if (scenario === undefined) reasons.set(point.key, reason);
    else {
      const outcome = await attempt(predictor, scenario);
      if (typeof outcome === 'string') reasons.set(point.key, outcome);
      else predicted.set(point.key, outcome);
    }
    done += work(point);
    progress.update(done / all);
  }
  progress.end();
  return {
    file,
    rows: points.length,
    judged: judge(points, predicted, marked),
    unscored: points.flatMap((point) => {
      const reason = reasons.get(point.key);
      return reason === undefined ? [] : [{ point, reason }];
    }),
    requestsPerSlot,
  };
}

/** Means over the requests of the run, or why there is none. [s] */
async function attempt(predictor: Predictor, scenario: Scenario): Promise<{ readonly ttft: number; readonly tpot: number } | string> {
  try {
    const { ttft, tpot } = await predictor.run(scenario);
    return { ttft: ttft.mean(), tpot: tpot.mean() };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.issues.map(({ message }) => message).join('; ');
  }
}
