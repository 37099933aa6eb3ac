import type { EndPlant, TransferPlant } from './plant.ts';

/** The group of dies of a prefill rank that a decode rank pulls from (MOV-1). `to` counts within its instance of `decodeRanks`. */
export function sourceOf({ sourcesPerRank }: Pick<TransferPlant, 'sourcesPerRank'>, to: number, decodeRanks: number): number {
  const group = Math.max(1, Math.floor(decodeRanks / sourcesPerRank));
  return Math.min(sourcesPerRank - 1, Math.floor(to / group));
}

/** Links between two ends: ports, and on both sides those up to the lowest level where they meet (MOV-3). */
export function linksBetween(from: EndPlant, to: EndPlant): readonly number[] {
  const links = [...from.ports];
  const levels = Math.min(from.levels.length, to.levels.length);
  const down: number[] = [];
  for (let level = 0; level < levels; level++) {
    const [a, b] = [from.levels[level], to.levels[level]];
    if (a.group === b.group) break;
    if (a.link >= 0) links.push(a.link);
    if (b.link >= 0) down.push(b.link);
  }
  return [...links, ...down, ...to.ports];
}

/** Whether some level joins two ends. */
export function joined(from: EndPlant, to: EndPlant): boolean {
  return from.levels.some(({ group }, level) => group === to.levels[level]?.group);
}
