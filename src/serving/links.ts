import type { EndPlant, TransferPlant } from './plant.ts';

/** The group of dies of a prefill rank that a decode rank pulls from (MOV-1). `to` counts within its instance of `decodeRanks`. */
export function sourceOf({ sourcesPerRank }: Pick<TransferPlant, 'sourcesPerRank'>, to: number, decodeRanks: number): number {
  const group = Math.max(1, Math.floor(decodeRanks / sourcesPerRank));
  return Math.min(sourcesPerRank - 1, Math.floor(to / group));
}

/** Links between two ends: ports, and on both sides those up to the lowest level where they meet (MOV-3). */
export function linksBetween(from: EndPlant, to: EndPlant): readonly number[] {
  const levels = Math.min(from.levels.length, to.levels.length);
  let meet = 0;
  while (meet < levels && from.levels[meet].group !== to.levels[meet].group) meet++;
  if (meet === 0) return from.ports.concat(to.ports);
  const links: number[] = [];
  for (let i = 0; i < from.ports.length; i++) links.push(from.ports[i]);
  for (let level = 0; level < meet; level++) if (from.levels[level].link >= 0) links.push(from.levels[level].link);
  for (let level = 0; level < meet; level++) if (to.levels[level].link >= 0) links.push(to.levels[level].link);
  for (let i = 0; i < to.ports.length; i++) links.push(to.ports[i]);
  return links;
}

/** Whether some level joins two ends. */
export function joined(from: EndPlant, to: EndPlant): boolean {
  return from.levels.some(({ group }, level) => group === to.levels[level]?.group);
}
