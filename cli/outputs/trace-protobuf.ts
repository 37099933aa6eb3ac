import { unreachable } from '../../src/base/errors.ts';
import type { Arguments, Slice, TraceRecord } from '../../src/report/trace/record.ts';
import { Message } from './protobuf.ts';
import type { TraceFormat } from './trace-file.ts';

/** Field numbers of perfetto/protos/perfetto/trace (Apache-2.0), of the messages that are written here. */
const packet = { timestamp: 8, sequence: 10, event: 11, interned: 12, flags: 13, descriptor: 60 } as const;
const track = { uuid: 1, name: 2, process: 3, thread: 4, parent: 5, counter: 8 } as const;
const process = { pid: 1, name: 6 } as const;
const thread = { pid: 1, tid: 2, name: 5 } as const;
const counter = { unit: 6 } as const;
const event = { annotation: 4, type: 9, nameId: 10, track: 11, value: 44, flow: 47, lastFlow: 48 } as const;
const annotation = { nameId: 1, int: 4, double: 5, text: 6 } as const;
const interned = { eventName: 2, annotationName: 3, id: 1, name: 2 } as const;
const types = { begin: 1, end: 2, instant: 3, counter: 4 } as const;
const flags = { cleared: 1, needed: 2 } as const;

const sequence = 1;
/** Names of tracks: of processes as they are, of lanes and counters far above. */
const laneUuid = 2 ** 32;
const counterUuid = 2 ** 33;

/** Perfetto's own format: a sequence of packets, so that it can be cut anywhere between two. */
export class ProtobufTrace implements TraceFormat {
  readonly #names = new Map<string, number>();
  readonly #annotations = new Map<string, number>();
  /** Names that the packet under way introduces. */
  #introduced: Message | undefined;
  #begun = false;

  head(): string {
    return '';
  }

  tail(): string {
    return '';
  }

  encode(record: TraceRecord): Uint8Array {
    switch (record.kind) {
      case 'process': {
        const { process: pid, name } = record;
        return this.#describe(new Message().uint(track.uuid, pid).message(track.process, new Message().uint(process.pid, pid).text(process.name, name)));
      }
      case 'lane': {
        const { process: pid, lane, name } = record;
        const described = new Message().uint(thread.pid, pid).uint(thread.tid, lane).text(thread.name, name);
        return this.#describe(
          new Message()
            .uint(track.uuid, laneUuid + lane)
            .uint(track.parent, pid)
            .message(track.thread, described),
        );
      }
      case 'counter': {
        const { process: pid, counter: number, name, unit } = record;
        const described = new Message().text(counter.unit, unit);
        return this.#describe(
          new Message()
            .uint(track.uuid, counterUuid + number)
            .uint(track.parent, pid)
            .text(track.name, name)
            .message(track.counter, described),
        );
      }
      case 'slice':
        return this.#slice(record);
      case 'mark': {
        const mark = this.#annotated(this.#named(laneUuid + record.lane, types.instant, record.name), record.args);
        return this.#event(record.at, mark);
      }
      case 'value': {
        const value = new Message()
          .uint(event.type, types.counter)
          .uint(event.track, counterUuid + record.counter)
          .double(event.value, record.value);
        return this.#event(record.at, value);
      }
      default:
        return unreachable(record);
    }
  }

  /** Begin, parts, end: packets of one instant keep their order. */
  #slice({ lane, from, to, name, args, parts = [], flows = [] }: Slice): Uint8Array {
    const uuid = laneUuid + lane;
    const begin = this.#annotated(this.#named(uuid, types.begin, name), args);
    for (const { flow, place } of flows) begin.fixed64(place === 'last' ? event.lastFlow : event.flow, flow);
    const packets = new Message(512);
    packets.append(this.#event(from, begin));
    for (const part of parts) {
      packets.append(this.#event(part.from, this.#named(uuid, types.begin, part.name)));
      packets.append(this.#event(part.to, this.#ended(uuid)));
    }
    return packets.append(this.#event(to, this.#ended(uuid))).bytes();
  }

  #ended(uuid: number): Message {
    return new Message().uint(event.type, types.end).uint(event.track, uuid);
  }

  #named(uuid: number, type: number, name: string): Message {
    return new Message()
      .uint(event.type, type)
      .uint(event.track, uuid)
      .uint(event.nameId, this.#idOf(this.#names, name, interned.eventName));
  }

  #annotated(message: Message, args: Arguments = {}): Message {
    for (const [name, value] of Object.entries(args)) {
      const one = new Message().uint(annotation.nameId, this.#idOf(this.#annotations, name, interned.annotationName));
      if (typeof value === 'string') one.text(annotation.text, value);
      else if (Number.isSafeInteger(value) && value >= 0) one.uint(annotation.int, value);
      else one.double(annotation.double, value);
      message.message(event.annotation, one);
    }
    return message;
  }

  #idOf(ids: Map<string, number>, name: string, field: number): number {
    const known = ids.get(name);
    if (known !== undefined) return known;
    const id = ids.size + 1;
    ids.set(name, id);
    this.#introduced ??= new Message();
    this.#introduced.message(field, new Message().uint(interned.id, id).text(interned.name, name));
    return id;
  }

  #event(at: number, message: Message): Uint8Array {
    const body = new Message().uint(packet.timestamp, at).message(packet.event, message);
    if (this.#introduced !== undefined) body.message(packet.interned, this.#introduced);
    this.#introduced = undefined;
    return this.#packet(body, flags.needed);
  }

  #describe(descriptor: Message): Uint8Array {
    return this.#packet(new Message().message(packet.descriptor, descriptor), 0);
  }

  #packet(body: Message, flag: number): Uint8Array {
    body.uint(packet.sequence, sequence).uint(packet.flags, flag + (this.#begun ? 0 : flags.cleared));
    this.#begun = true;
    return new Message().message(1, body).bytes();
  }
}
