/** Wire format of protocol buffers: fields of one message, one behind the other. */
export class Message {
  #bytes: Uint8Array;
  #length = 0;
  static readonly #text = new TextEncoder();
  static readonly #double = new DataView(new ArrayBuffer(8));
  static readonly #doubleBytes = new Uint8Array(Message.#double.buffer);

  constructor(room = 64) {
    this.#bytes = new Uint8Array(room);
  }

  /** A whole number from 0 to 2^53. */
  uint(field: number, value: number): this {
    this.#varint(field * 8);
    this.#varint(value);
    return this;
  }

  double(field: number, value: number): this {
    Message.#double.setFloat64(0, value, true);
    return this.#eight(field);
  }

  fixed64(field: number, value: number): this {
    Message.#double.setBigUint64(0, BigInt(value), true);
    return this.#eight(field);
  }

  text(field: number, value: string): this {
    const bytes = Message.#text.encode(value);
    return this.#block(field, bytes, bytes.length);
  }

  message(field: number, value: Message): this {
    return this.#block(field, value.#bytes, value.#length);
  }

  /** Fields that are written already. */
  append(bytes: Uint8Array): this {
    this.#append(bytes, bytes.length);
    return this;
  }

  /** Valid until the next field. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #eight(field: number): this {
    this.#varint(field * 8 + 1);
    this.#append(Message.#doubleBytes, 8);
    return this;
  }

  #block(field: number, bytes: Uint8Array, length: number): this {
    this.#varint(field * 8 + 2);
    this.#varint(length);
    this.#append(bytes, length);
    return this;
  }

  #varint(value: number): void {
    this.#ensure(10);
    let rest = value;
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  #append(bytes: Uint8Array, length: number): void {
    this.#ensure(length);
    // A loop is faster than a view of bytes for the few that most messages have.
    if (length < 128) for (let i = 0; i < length; i++) this.#bytes[this.#length + i] = bytes[i] as number;
    else this.#bytes.set(bytes.subarray(0, length), this.#length);
    this.#length += length;
  }

  #ensure(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const wider = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    wider.set(this.bytes());
    this.#bytes = wider;
  }
}
