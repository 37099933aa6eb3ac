/** Numbers side by side in memory. */
type Numbers = Float64Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** Longer memory with what was in the shorter one at its start; behind that stands what stood there. */
export function enlarged<Items extends Numbers>(from: Items, to: Items): Items {
  to.set(from);
  return to;
}
