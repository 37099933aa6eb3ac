import { parseQuantity } from '../../../src/base/quantity.ts';
import type { ScenarioValue } from '../../worker/shipped.ts';

type Map = Readonly<Record<string, unknown>>;

/** Requests of a run that is kept short, and of those at part of the load. */
const fewest = 1500;
const fewestAtPart = 300;
const asPlain = 10_000;

/** A scenario with so many requests. */
function withRequests(value: ScenarioValue, requests: number): ScenarioValue {
  return { ...value, workload: { ...(value['workload'] as Map), requests } };
}

/** Requests of the scenario, or what is taken where it does not say: a trace has its own. */
function requestsOf(value: ScenarioValue): number | undefined {
  const workload = value['workload'] as Map | undefined;
  const { requests, trace } = workload ?? {};
  if (typeof requests === 'number') return requests;
  return trace === undefined ? asPlain : undefined;
}

/** A run of a third of the requests; a trace of unknown length stays whole. */
export function shortened(value: ScenarioValue): ScenarioValue {
  const requests = requestsOf(value);
  return requests === undefined ? value : withRequests(value, Math.min(requests, Math.max(fewest, Math.ceil(requests / 3))));
}

/** The scenario with a part of its traffic, for a like part of its time; undefined where its traffic has nothing to scale. */
export function atLoad(value: ScenarioValue, share: number): ScenarioValue | undefined {
  const workload = value['workload'] as Map | undefined;
  const scaled = workload === undefined ? undefined : scaledTraffic(workload, share);
  if (scaled === undefined) return undefined;
  const requests = requestsOf(value);
  const changed = { ...value, workload: scaled };
  return requests === undefined ? changed : withRequests(changed, Math.max(Math.min(fewestAtPart, requests), Math.ceil(requests * share)));
}

function scaledTraffic(workload: Map, share: number): Map | undefined {
  const { rate, concurrency, phases, trace, speed = 1 } = workload;
  if (typeof concurrency === 'number') return { ...workload, concurrency: Math.max(1, Math.round(concurrency * share)) };
  if (rate !== undefined) {
    const scaled = scaledRate(rate, share);
    return scaled === undefined ? undefined : { ...workload, rate: scaled };
  }
  if (Array.isArray(phases)) {
    const parts = (phases as readonly Map[]).map((phase) => ({ ...phase, rate: scaledRate(phase['rate'], share) }));
    return parts.every((phase) => phase.rate !== undefined) ? { ...workload, phases: parts } : undefined;
  }
  return trace !== undefined && typeof speed === 'number' ? { ...workload, speed: speed * share } : undefined;
}

function scaledRate(rate: unknown, share: number): string | undefined {
  const { value } = parseQuantity(String(rate), 'rate');
  return value === undefined ? undefined : `${value * share}/s`;
}
