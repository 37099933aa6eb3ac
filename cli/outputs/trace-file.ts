import type { SimulationEvent } from '../../src/serving/events.ts';
import type { Run } from '../../src/serving/deploy.ts';
import { RunTrace } from '../../src/report/trace/run-trace.ts';
import type { TraceWindow } from '../../src/report/trace/output.ts';
import type { TraceRecord } from '../../src/report/trace/record.ts';
import { OutputFile } from './file.ts';
import { JsonTrace } from './trace-json.ts';
import { ProtobufTrace } from './trace-protobuf.ts';

/** How records of a trace become bytes. */
export interface TraceFormat {
  head(): string;
  encode(record: TraceRecord): string | Uint8Array;
  tail(): string;
}

/** Endings that a trace may be written with. */
export const traceEndings = ['.json', '.json.gz', '.perfetto-trace', '.perfetto-trace.gz'] as const;

/** Slices that a trace holds at most, parts included: about 30 MB in Perfetto's format, four times that in JSON. */
const mostSlices = 500_000;
const fewRequests = 32;

export interface TraceSettings {
  readonly window?: TraceWindow | undefined;
  readonly requests?: number | undefined;
}

/** A run as a trace for Perfetto. */
export class TraceFile {
  readonly file: OutputFile;
  readonly #format: TraceFormat;
  readonly #trace: RunTrace;

  constructor(path: string, { scenario, deployed }: Run, { window, requests = fewRequests }: TraceSettings) {
    const file = new OutputFile(path);
    const format = /\.json(\.gz)?$/.test(path) ? new JsonTrace() : new ProtobufTrace();
    const { deployment, workload } = scenario;
    const planes = deployment.kind === 'merged' ? {} : { push: deployment.transferPlane, read: deployment.cache?.plane ?? deployment.transferPlane };
    this.file = file;
    this.#format = format;
    file.write(format.head());
    const emit = (record: TraceRecord): void => {
      file.write(format.encode(record));
    };
    this.#trace = new RunTrace(deployed.plant, { window, requests, expected: workload.requests, mostSlices, planes }, emit);
  }

  tell(event: SimulationEvent): void {
    this.#trace.tell(event);
  }

  drain(): Promise<void> {
    return this.file.drain();
  }

  /** Ends the trace at the end of the run; it is not in its place then. Returns what it does not show. */
  async finish(at: number): Promise<readonly string[]> {
    this.#trace.end(at);
    this.file.write(this.#format.tail());
    await this.file.finish();
    return this.#trace.notes;
  }

  abort(): void {
    this.file.abort();
  }
}
