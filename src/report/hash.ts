/** 64 bits of any data, as 16 hexadecimal digits: the same data give the same text on every platform. Not for security. */
export function hashOf(data: unknown): string {
  let high = 0x811c9dc5;
  let low = 0x9e3779b9;
  const mix = (code: number): void => {
    high = Math.imul(high ^ code, 0x01000193);
    low = Math.imul(low ^ (code + (high >>> 15)), 0x85ebca6b);
    low ^= low >>> 13;
  };
  const text = (value: string): void => {
    for (let i = 0; i < value.length; i++) mix(value.charCodeAt(i));
  };
  const walk = (value: unknown): void => {
    if (ArrayBuffer.isView(value)) {
      const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      for (let i = 0; i < bytes.length; i++) mix(bytes[i] as number);
    } else if (Array.isArray(value)) {
      mix(91);
      for (const item of value) walk(item);
      mix(93);
    } else if (value !== null && typeof value === 'object') {
      mix(123);
      for (const [key, item] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
        if (item === undefined) continue;
        text(key);
        walk(item);
      }
      mix(125);
    } else {
      text(String(value));
      mix(44);
    }
  };
  walk(data);
  return [high, low].map((part) => (part >>> 0).toString(16).padStart(8, '0')).join('');
}
