import { unreachable } from '../../base/errors.ts';
import { runsOf } from '../../kernel/id-runs.ts';
import { stream } from '../../kernel/random.ts';
import type { RequestSource } from './arrival.ts';
import { ClientSource } from './client-source.ts';
import { Conversations } from './conversations.ts';
import { DrawnRequests, drawnTogether, steadyDraws } from './drawn-requests.ts';
import { labeller } from './labels.ts';
import { PhasedDraws } from './phases.ts';
import { SessionSource } from './session-source.ts';
import type { GeneratorWorkload, TraceWorkload, Workload } from './workload.ts';

/**
 * The requests of a workload, one by one. A generator's draws depend on its seed only, and those of each kind (gaps, input
 * lengths, output lengths, conversations) come from a stream of their own, so that changing one leaves the others as they were.
 * A trace ends with its last request, or earlier after `requests`.
 */
export function requestSource(workload: Workload): RequestSource {
  switch (workload.kind) {
    case 'generator':
      return generated(workload);
    case 'trace':
      return replayed(workload);
    case 'sessions':
      return new SessionSource(workload);
    case 'client-pool':
      return new ClientSource(workload);
    default:
      return unreachable(workload);
  }
}

function generated(workload: GeneratorWorkload): RequestSource {
  const { arrivals, reuse, seed, phases } = workload;
  const draws = phases === undefined ? steadyDraws(workload) : new PhasedDraws(phases, seed);
  const drawn = new DrawnRequests();
  const conversations = reuse === undefined ? undefined : new Conversations(reuse, stream(seed, 'conversations'));
  const blockTokens = reuse?.blockTokens ?? 0;
  const label = workload.mix === undefined ? undefined : labeller(workload.mix);
  let left = workload.requests;
  let at = drawnTogether;
  return {
    concurrency: arrivals.kind === 'closed' ? arrivals.concurrency : undefined,
    next(arrival) {
      if (left <= 0) return false;
      if (at === drawnTogether) {
        draws.draw(drawn, Math.min(left, drawnTogether));
        at = 0;
      }
      left--;
      arrival.arrivedAt = drawn.arrivedAt[at];
      arrival.inputTokens = drawn.inputTokens[at];
      arrival.outputTokens = drawn.outputTokens[at];
      arrival.model = drawn.model[at++];
      arrival.blockTokens = blockTokens;
      arrival.thread = -1;
      label?.(arrival);
      if (conversations !== undefined) arrival.prefix = conversations.next(arrival.inputTokens, arrival.outputTokens);
      return true;
    },
  };
}

function replayed(workload: TraceWorkload): RequestSource {
  const { columns, speed, concurrency } = workload;
  const count = Math.min(columns.count, workload.requests);
  const { tenant, priority, model, adapter } = columns.labels ?? {};
  const label = workload.mix === undefined ? undefined : labeller(workload.mix);
  let at = 0;
  return {
    concurrency,
    next(arrival) {
      if (at >= count) return false;
      arrival.arrivedAt = concurrency === undefined ? (columns.arrivedAt[at] ?? 0) / speed : 0;
      arrival.inputTokens = columns.inputTokens[at] ?? 0;
      arrival.outputTokens = columns.outputTokens[at] ?? 0;
      arrival.blockTokens = columns.blockTokens;
      arrival.thread = -1;
      arrival.tenant = tenant?.[at] ?? 0;
      arrival.priority = priority?.[at] ?? 0;
      arrival.model = model?.[at] ?? 0;
      arrival.adapter = adapter?.[at] ?? 0;
      label?.(arrival);
      if (columns.blockTokens > 0) arrival.prefix = runsOf(columns.blocks, columns.blockStart[at], columns.blockStart[at + 1]);
      at++;
      return true;
    },
  };
}
