import { emptyArrival, type Arrival, type RequestSource } from '../../src/serving/traffic/arrival.ts';

export interface DriverOptions {
  /** Requests in flight at most; others wait here. */
  readonly maxConcurrency: number;
  /** Sends a request and ends when its answer has. Never fails. */
  readonly send: (request: Arrival, number: number) => Promise<void>;
  readonly signal: AbortSignal;
}

/** How well a client kept to its schedule. [s] */
export interface Schedule {
  /** Longest that a request was sent behind its time, not counting those that waited for others to end. */
  late: number;
  lastArrivalAt: number;
}

/**
 * Sends the requests of a workload when they are due, as the engine takes them in: at their times, or as many as are to be in flight, and those that follow from an
 * answer once it is there. Ends when the last answer has.
 */
export async function drive(source: RequestSource, { maxConcurrency, send, signal }: DriverOptions): Promise<Schedule> {
  const schedule: Schedule = { late: 0, lastArrivalAt: 0 };
  const begun = performance.now();
  const now = (): number => (performance.now() - begun) / 1000;
  const { promise, resolve } = Promise.withResolvers<void>();
  const waiting: Arrival[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const incoming = emptyArrival();
  let inFlight = 0;
  let sent = 0;
  let exhausted = false;

  const settle = (): void => {
    if (signal.aborted ? inFlight === 0 : exhausted && inFlight === 0 && waiting.length === 0 && timers.size === 0) resolve();
  };
  const launch = async (request: Arrival): Promise<void> => {
    inFlight++;
    await send(request, sent++);
    inFlight--;
    if (!signal.aborted) ended(request);
    settle();
  };
  const arrive = (request: Arrival): void => {
    schedule.lastArrivalAt = now();
    if (inFlight >= maxConcurrency) waiting.push(request);
    else void launch(request);
  };
  /** Does something when it is time, and counts how late that was. */
  const at = (due: number, act: () => void): void => {
    const timer = setTimeout(
      () => {
        timers.delete(timer);
        schedule.late = Math.max(schedule.late, now() - due);
        act();
        settle();
      },
      Math.max(0, (due - now()) * 1000),
    );
    timers.add(timer);
  };
  const ended = ({ thread }: Arrival): void => {
    if (thread >= 0) {
      source.ended?.(thread, now());
      while (source.follow?.(incoming) === true) {
        const request = { ...incoming };
        at(request.arrivedAt, () => arrive(request));
      }
    }
    const next = waiting.shift();
    if (next !== undefined) void launch(next);
    if (source.concurrency !== undefined) pull();
  };
  function pull(): void {
    while (!signal.aborted) {
      if (!source.next(incoming)) {
        exhausted = true;
        return;
      }
      const request = { ...incoming };
      if (source.concurrency !== undefined) {
        arrive(request);
        return;
      }
      // In an open loop one request is known at a time: the next is asked for when this one is due.
      if (request.arrivedAt > now()) {
        at(request.arrivedAt, () => {
          arrive(request);
          pull();
        });
        return;
      }
      schedule.late = Math.max(schedule.late, now() - request.arrivedAt);
      arrive(request);
    }
  }

  signal.addEventListener('abort', () => {
    for (const timer of timers) clearTimeout(timer);
    timers.clear();
    settle();
  });
  for (let i = 0; i < (source.concurrency ?? 1); i++) pull();
  settle();
  await promise;
  return schedule;
}
