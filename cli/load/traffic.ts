import { InputError, type Issue } from '../../src/base/errors.ts';
import type { ServiceLevel } from '../../src/serving/scenario.ts';
import type { Lengths, Workload } from '../../src/serving/traffic/workload.ts';
import { loadScenario } from '../scenario.ts';
import { loadTrace } from '../traces.ts';
import { parseLengths } from '../traces/laws.ts';
import { objectivesOf, type LoadFlags } from './flags.ts';
import { idleFlags } from './idle-flags.ts';

/** What is sent, and what is expected of it. */
export interface Load {
  readonly name: string;
  readonly workload: Workload;
  readonly slo: ServiceLevel;
  readonly seed: number;
}

const defaultPrompts = 1000;

/**
 * The traffic of a scenario, of a trace, or of lengths and a rate.
 * @throws InputError with everything that is wrong
 */
export async function loadOf(file: string | undefined, flags: LoadFlags): Promise<Load> {
  const slo = objectivesOf(flags);
  const lengths = [
    ['--input-len', flags.inputLen, '--isl', flags.isl],
    ['--output-len', flags.outputLen, '--osl', flags.osl],
  ] as const;
  const issues: Issue[] = lengths.flatMap(([name, value, alias, other]) =>
    value !== undefined && other !== undefined ? [{ path: alias, message: `is another word for ${name}; expected one of them` }] : [],
  );
  const given = lengths.map(([name, value, , other]) => [name, value ?? other] as const);
  if (flags.numPrompts !== undefined && flags.requests !== undefined)
    issues.push({ path: '--requests', message: 'is another word for --num-prompts; expected one of them' });
  const requests = flags.numPrompts ?? flags.requests;
  issues.push(...idleFlags(file, flags, given));
  if (issues.length > 0) throw new InputError(issues);
  if (file !== undefined) {
    const { trace, seed, set } = flags;
    const scenario = await loadScenario(file, { trace, seed, set, requests });
    return { name: scenario.name, workload: scenario.workload, slo: slo ?? scenario.slo, seed: scenario.seed };
  }
  if (flags.trace !== undefined) return ofTrace(flags.trace, flags, requests, slo ?? {});
  return ofLengths(given, flags, requests ?? defaultPrompts, slo ?? {});
}

async function ofTrace(path: string, { requestRate, maxConcurrency, seed = 0 }: LoadFlags, asked: number | undefined, slo: ServiceLevel): Promise<Load> {
  const columns = await loadTrace(path);
  const requests = Math.min(asked ?? columns.count, columns.count);
  const duration = (columns.arrivedAt[columns.count - 1] ?? 0) - (columns.arrivedAt[0] ?? 0);
  const all = requestRate === Infinity;
  if (requestRate !== undefined && !all && duration <= 0)
    throw new InputError([{ path: '--request-rate', message: 'the trace has no times that a rate could stretch; expected inf' }]);
  const speed = requestRate === undefined || all ? 1 : requestRate / (columns.count / duration);
  const workload = {
    kind: 'trace',
    name: path,
    requests,
    columns,
    speed,
    concurrency: all ? Math.min(maxConcurrency ?? requests, requests) : undefined,
  } as const;
  return { name: path, workload, slo, seed };
}

function ofLengths(given: readonly (readonly [string, string | undefined])[], flags: LoadFlags, requests: number, slo: ServiceLevel): Load {
  const issues: Issue[] = [];
  const [input, output] = given.map(([flag, text]): Lengths | undefined => {
    const law = text === undefined ? 'expected it, or a scenario file, or --trace' : parseLengths(text);
    if (typeof law !== 'string') return law;
    issues.push({ path: flag, message: law });
    return undefined;
  });
  if (input === undefined || output === undefined) throw new InputError(issues);
  const { requestRate: rate = Infinity, burstiness = 1, maxConcurrency, seed = 0 } = flags;
  const arrivals =
    rate === Infinity
      ? ({ kind: 'closed', concurrency: Math.min(maxConcurrency ?? requests, requests) } as const)
      : burstiness === 1
        ? ({ kind: 'poisson', rate } as const)
        : ({ kind: 'gamma', rate, cv: 1 / Math.sqrt(burstiness) } as const);
  const workload = { kind: 'generator', name: 'generated', arrivals, input, output, requests, seed } as const;
  return { name: 'load', workload, slo, seed };
}

/** Requests per second of a workload, Infinity where as many as are in flight, and the shape of the gamma law of its gaps; undefined where it has no such figure. */
export function paceOf(workload: Workload): { readonly rate: number | undefined; readonly burstiness: number | undefined } {
  switch (workload.kind) {
    case 'generator':
    case 'sessions': {
      const { arrivals } = workload;
      if (workload.kind === 'sessions') return { rate: arrivals.kind === 'closed' ? Infinity : undefined, burstiness: undefined };
      if (arrivals.kind === 'closed') return { rate: Infinity, burstiness: 1 };
      return { rate: arrivals.rate, burstiness: arrivals.kind === 'gamma' ? 1 / (arrivals.cv * arrivals.cv) : 1 };
    }
    case 'trace': {
      const { columns, speed, concurrency } = workload;
      const duration = (columns.arrivedAt[columns.count - 1] ?? 0) - (columns.arrivedAt[0] ?? 0);
      if (concurrency !== undefined) return { rate: Infinity, burstiness: undefined };
      return { rate: duration > 0 ? (speed * columns.count) / duration : undefined, burstiness: undefined };
    }
    case 'client-pool':
      return { rate: undefined, burstiness: undefined };
  }
}
