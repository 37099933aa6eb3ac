import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** As large as a nursery gets. [MiB] */
const most = 16;
const mebibyte = 2 ** 20;
/** Lists that make a nursery grow when it is collected, and so many of them at most. */
const kept = 4096;
const tries = 64;

/**
 * Holds V8's nurseries at 16 MiB from now on, which they would double up to 64 where much of what is new is kept: what dies young is then overwritten while it is in a cache, and
 * 100 MB of memory are never touched. That of this thread grows by a factor, which is read each time; a size counts for threads that start later.
 */
export function holdNursery(): void {
  setFlagsFromString(`--min-semi-space-size=${most}`);
  setFlagsFromString(`--max-semi-space-size=${most}`);
  setFlagsFromString(`--semi-space-growth-factor=${Math.max(1, Math.round((most * mebibyte) / size()))}`);
  const lists: unknown[] = [];
  for (let i = 0; i < tries && size() < most * mebibyte; i++) lists.push(Array.from({ length: kept }, () => [lists]));
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** Of what is new in this thread. [B] */
function size(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? most * mebibyte;
}
