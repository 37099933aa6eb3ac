/** Multiplicative finaliser of MurmurHash3: every input bit reaches every output bit of a 32-bit word. */
export function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const TWO_26 = 67108864;
const TO_UNIT = 1 / 9007199254740992;

/** 53 bits from two words, in [0, 1). */
function unit(high: number, low: number): number {
  return ((high >>> 5) * TWO_26 + (low >>> 6)) * TO_UNIT;
}

/** A stream of random numbers: sfc32 (Chris Doty-Humphrey's PractRand), 128 bits of state, period at least 2^32. */
export class RandomStream {
  #a = 0;
  #b = 0;
  #c = 0;
  #counter = 1;

  constructor(a: number, b: number, c: number) {
    this.#a = a | 0;
    this.#b = b | 0;
    this.#c = c | 0;
    for (let i = 0; i < 15; i++) this.next32();
  }

  /** An integer in [0, 2^32). */
  next32(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /** A multiple of 2^-53 in [0, 1). */
  uniform(): number {
    return unit(this.next32(), this.next32());
  }

  /** The next such numbers, into the places of `into` from one to before another. */
  uniforms(into: Float64Array, from: number, to: number): void {
    for (let i = from; i < to; i++) into[i] = this.uniform();
  }
}

/** The stream of this name under this seed (an integer up to 2^53): streams of other names do not move it. */
export function stream(seed: number, name: string): RandomStream {
  const low = seed >>> 0;
  const high = Math.floor(seed / 4294967296) >>> 0;
  let a = mix(low ^ 0x9e3779b9);
  let b = mix(high ^ 0x7f4a7c15 ^ a);
  let c = mix(low ^ Math.imul(high, 0x94d049bb) ^ 0x133111eb);
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    a = mix(a ^ code);
    b = mix(b + Math.imul(code, 0x9e3779b1) + a);
    c = mix(c ^ Math.imul(code + i, 0x27d4eb2f) ^ b);
  }
  return new RandomStream(a, b, c);
}

/** What all words of (a, b) have in common for one `a`: made once where many are asked for. */
export function counterPrefix(seedHigh: number, seedLow: number, a: number): number {
  return mix(mix(mix(seedHigh ^ 0x9e3779b9) ^ seedLow) ^ a);
}

/** A draw that belongs to (a, b) like that of `counterUniform`, of 32 bits. `prefix` is `a`'s. */
export function counterWord(prefix: number, b: number): number {
  return mix(prefix + Math.imul(b, 0x9e3779b1));
}

/**
 * The draw that belongs to (a, b), such as a request and its step, whoever asks and in whatever order: in [0, 1), 53 bits.
 * Two 32-bit lanes of the mixed seed absorb both counters.
 */
export function counterUniform(seedHigh: number, seedLow: number, a: number, b: number): number {
  const seed = mix(mix(seedHigh ^ 0x9e3779b9) ^ seedLow);
  const high = mix(mix(seed ^ a) + Math.imul(b, 0x9e3779b1));
  const low = mix(mix(mix(seed + 0x7f4a7c15) ^ Math.imul(b, 0x85ebca77)) + Math.imul(a, 0xc2b2ae3d));
  return unit(high, low);
}
