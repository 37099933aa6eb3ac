import { bytesAt, doubleAt, fieldsOf, numberAt, textAt, type WireField } from './wire.ts';

/** What a viewer makes of a trace: the same for both formats. */
export interface ShownTrace {
  /** `process / lane / depth / name / from / to` in nanoseconds. */
  readonly slices: readonly string[];
  /** `process / name / at / value`. */
  readonly values: readonly string[];
  readonly marks: readonly string[];
  /** `number / process / at` of each slice that an arrow leads through. */
  readonly arrows: readonly string[];
}

interface JsonEvent {
  readonly ph: string;
  readonly pid: number;
  readonly tid?: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly name: string;
  readonly id?: number;
  readonly args?: Readonly<Record<string, unknown>>;
}

/** Reads the Trace Event Format as viewers do: slices of a lane nest by their times. @throws Error where they overlap */
export function shownJson(text: string): ShownTrace {
  const { traceEvents } = JSON.parse(text) as { readonly traceEvents: readonly JsonEvent[] };
  const processes = new Map<number, string>();
  const lanes = new Map<number, string>();
  for (const { ph, pid, tid, name, args } of traceEvents) {
    if (ph === 'M' && name === 'process_name') processes.set(pid, String(args?.['name']));
    if (ph === 'M' && name === 'thread_name') lanes.set(tid ?? -1, String(args?.['name']));
  }
  const shown: Builder = new Builder();
  const ns = (microseconds: number | undefined): number => Math.round((microseconds ?? Number.NaN) * 1000);
  const open = new Map<number, number[]>();
  for (const event of traceEvents) {
    const process = processes.get(event.pid) ?? '?';
    const at = ns(event.ts);
    switch (event.ph) {
      case 'X': {
        const ends = open.get(event.tid ?? -1) ?? [];
        open.set(event.tid ?? -1, ends);
        const to = at + ns(event.dur);
        while (ends.length > 0 && (ends.at(-1) ?? 0) <= at && (ends.at(-1) ?? 0) < to) ends.pop();
        if (ends.length > 0 && to > (ends.at(-1) ?? 0)) throw new Error(`${event.name} at ${at} overlaps what it lies in`);
        shown.slice(process, lanes.get(event.tid ?? -1) ?? '?', ends.length, event.name, at, to);
        ends.push(to);
        break;
      }
      case 'C':
        shown.values.push(`${process} / ${event.name.replace(/ \[.*\]$/, '')} / ${at} / ${String(event.args?.['value'])}`);
        break;
      case 'i':
        shown.marks.push(`${lanes.get(event.tid ?? -1)} / ${event.name} / ${at}`);
        break;
      case 's':
      case 't':
      case 'f':
        shown.arrows.push(`${event.id} / ${process} / ${at}`);
    }
  }
  return shown.sorted();
}

/** Reads Perfetto's protocol buffers as its trace processor does. @throws Error where ends do not fit beginnings */
export function shownProtobuf(bytes: Uint8Array): ShownTrace {
  const names = new Map<number, string>();
  const tracks = new Map<number, { readonly process: string; readonly name: string }>();
  const shown = new Builder();
  const open = new Map<number, { readonly name: string; readonly at: number }[]>();
  for (const { field, value } of fieldsOf(bytes)) {
    if (field !== 1 || typeof value === 'bigint') throw new Error('something else than a packet');
    const packet = fieldsOf(value);
    if (numberAt(packet, 10) === undefined) throw new Error('a packet without its sequence');
    for (const interned of packet.filter((one) => one.field === 12))
      for (const name of fieldsOf(interned.value as Uint8Array).filter((one) => one.field === 2)) {
        const fields = fieldsOf(name.value as Uint8Array);
        names.set(numberAt(fields, 1) ?? -1, textAt(fields, 2) ?? '?');
      }
    const descriptor = bytesAt(packet, 60);
    if (descriptor !== undefined) describe(fieldsOf(descriptor), tracks);
    const event = bytesAt(packet, 11);
    if (event !== undefined) happen(fieldsOf(event), numberAt(packet, 8) ?? Number.NaN);
  }
  for (const [track, slices] of open) if (slices.length > 0) throw new Error(`${slices.length} slices of ${tracks.get(track)?.name} do not end`);
  return shown.sorted();

  function happen(event: readonly WireField[], at: number): void {
    const uuid = numberAt(event, 11) ?? -1;
    const track = tracks.get(uuid);
    if (track === undefined) throw new Error(`an event on track ${uuid}, which is not described`);
    const name = names.get(numberAt(event, 10) ?? -1) ?? '?';
    const slices = open.get(uuid) ?? [];
    open.set(uuid, slices);
    switch (numberAt(event, 9) ?? 0) {
      case 1:
        slices.push({ name, at });
        for (const flow of event)
          if ((flow.field === 47 || flow.field === 48) && typeof flow.value !== 'bigint')
            shown.arrows.push(`${new DataView(flow.value.buffer, flow.value.byteOffset, 8).getBigUint64(0, true)} / ${track.process} / ${at}`);
        break;
      case 2: {
        const begun = slices.pop();
        if (begun === undefined || begun.at > at) throw new Error(`an end at ${at} on ${track.name} without a beginning before`);
        shown.slice(track.process, track.name, slices.length, begun.name, begun.at, at);
        break;
      }
      case 3:
        shown.marks.push(`${track.name} / ${name} / ${at}`);
        break;
      case 4:
        shown.values.push(`${track.process} / ${track.name} / ${at} / ${doubleAt(event, 44)}`);
        break;
      default:
        throw new Error(`an event of no known type at ${at}`);
    }
  }
}

function describe(fields: readonly WireField[], tracks: Map<number, { readonly process: string; readonly name: string }>): void {
  const process = bytesAt(fields, 3);
  const thread = bytesAt(fields, 4);
  const parent = tracks.get(numberAt(fields, 5) ?? -1);
  const name = process === undefined ? (thread === undefined ? textAt(fields, 2) : textAt(fieldsOf(thread), 5)) : textAt(fieldsOf(process), 6);
  tracks.set(numberAt(fields, 1) ?? -1, { process: parent?.process ?? name ?? '?', name: name ?? '?' });
}

class Builder {
  readonly slices: string[] = [];
  readonly values: string[] = [];
  readonly marks: string[] = [];
  readonly arrows: string[] = [];

  slice(process: string, lane: string, depth: number, name: string, from: number, to: number): void {
    this.slices.push(`${process} / ${lane} / ${depth} / ${name} / ${from} / ${to}`);
  }

  sorted(): ShownTrace {
    const order = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
    return { slices: this.slices.sort(order), values: this.values.sort(order), marks: this.marks.sort(order), arrows: this.arrows.sort(order) };
  }
}
