/** A field of a message in protocol buffers' wire format: a number, eight bytes as such, or bytes. */
export interface WireField {
  readonly field: number;
  readonly value: bigint | Uint8Array;
  readonly fixed: boolean;
}

/** Fields of a message. @throws Error where the bytes are not whole */
export function fieldsOf(bytes: Uint8Array): readonly WireField[] {
  const fields: WireField[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('cut off within a number');
      value += BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw new Error('cut off within a field');
    return bytes.subarray(at, (at += length));
  };
  while (at < bytes.length) {
    const tag = varint();
    const field = Number(tag >> 3n);
    switch (Number(tag & 7n)) {
      case 0:
        fields.push({ field, value: varint(), fixed: false });
        break;
      case 1:
        fields.push({ field, value: take(8), fixed: true });
        break;
      case 2:
        fields.push({ field, value: take(Number(varint())), fixed: false });
        break;
      default:
        throw new Error(`wire type ${tag & 7n} is not written here`);
    }
  }
  return fields;
}

export function numberAt(fields: readonly WireField[], field: number): number | undefined {
  const found = fields.find((one) => one.field === field);
  return typeof found?.value === 'bigint' ? Number(found.value) : undefined;
}

export function bytesAt(fields: readonly WireField[], field: number): Uint8Array | undefined {
  const found = fields.find((one) => one.field === field);
  return found === undefined || typeof found.value === 'bigint' ? undefined : found.value;
}

export function textAt(fields: readonly WireField[], field: number): string | undefined {
  const bytes = bytesAt(fields, field);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

export function doubleAt(fields: readonly WireField[], field: number): number | undefined {
  const bytes = bytesAt(fields, field);
  return bytes === undefined ? undefined : new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
}
