import { unreachable } from '../../src/base/errors.ts';
import type { TraceRecord } from '../../src/report/trace/record.ts';
import type { TraceFormat } from './trace-file.ts';

const phases = { first: 's', middle: 't', last: 'f' } as const;

/** The Trace Event Format, which Perfetto and other viewers read: one object with all events. */
export class JsonTrace implements TraceFormat {
  readonly #counters = new Map<number, { readonly name: string; readonly unit: string }>();
  #first = true;

  head(): string {
    return '{"displayTimeUnit":"ms","traceEvents":[\n';
  }

  tail(): string {
    return '\n]}\n';
  }

  encode(record: TraceRecord): string {
    const lines = this.#events(record).map((event) => JSON.stringify(event));
    if (lines.length === 0) return '';
    const text = `${this.#first ? '' : ',\n'}${lines.join(',\n')}`;
    this.#first = false;
    return text;
  }

  #events(record: TraceRecord): readonly object[] {
    const pid = record.process;
    switch (record.kind) {
      case 'process':
        return [
          { ph: 'M', pid, name: 'process_name', args: { name: record.name } },
          { ph: 'M', pid, name: 'process_sort_index', args: { sort_index: pid } },
        ];
      case 'lane': {
        const tid = record.lane;
        return [
          { ph: 'M', pid, tid, name: 'thread_name', args: { name: record.name } },
          { ph: 'M', pid, tid, name: 'thread_sort_index', args: { sort_index: record.lane } },
        ];
      }
      case 'counter':
        this.#counters.set(record.counter, record);
        return [];
      case 'slice': {
        const { lane, from, to, name, args, parts = [], flows = [] } = record;
        const tid = lane;
        const at = { pid, tid, ts: microseconds(from) };
        return [
          { ph: 'X', ...at, dur: microseconds(to - from), name, cat: 'supernode', args },
          ...flows.map(({ flow, place }) => ({
            ph: phases[place],
            ...at,
            id: flow,
            name: 'request',
            cat: 'request',
            ...(place === 'last' ? { bp: 'e' } : {}),
          })),
          ...parts.map((part) => ({
            ph: 'X',
            pid,
            tid,
            ts: microseconds(part.from),
            dur: microseconds(part.to - part.from),
            name: part.name,
            cat: 'supernode',
          })),
        ];
      }
      case 'mark':
        return [{ ph: 'i', s: 't', pid, tid: record.lane, ts: microseconds(record.at), name: record.name, cat: 'supernode', args: record.args }];
      case 'value': {
        const { name = '', unit = '' } = this.#counters.get(record.counter) ?? {};
        return [{ ph: 'C', pid, ts: microseconds(record.at), name: `${name} [${unit}]`, args: { value: record.value } }];
      }
      default:
        return unreachable(record);
    }
  }
}

/** The format counts in microseconds; three decimals keep the nanosecond. */
function microseconds(nanoseconds: number): number {
  return nanoseconds / 1000;
}
