/** Fills short memory with zeros: quicker than by a call of the platform. */
export function clear(memory: Float64Array): void {
  for (let i = 0; i < memory.length; i++) memory[i] = 0;
}
