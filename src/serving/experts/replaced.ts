import type { Placement } from '../../model/placement/placement.ts';

/**
 * The experts of a layer on the ranks that are left when some are lost. Experts that have no copy any more take slots of experts that have several, on the
 * ranks that get fewest; where there are no such slots, ranks with the fewest get one more. Copies that are left stay where they are.
 * @param lost ranks, by number
 */
export function replaced(before: Placement, lost: readonly number[]): Placement {
  const after = before.filter((_, rank) => !lost.includes(rank)).map((experts) => [...experts]);
  const copies = new Map<number, number>();
  for (const expert of before.flat()) copies.set(expert, 0);
  for (const expert of after.flat()) copies.set(expert, (copies.get(expert) ?? 0) + 1);
  const got = after.map(() => 0);
  const missing = [...copies].flatMap(([expert, count]) => (count === 0 ? [expert] : [])).sort((a, b) => a - b);
  for (const expert of missing) {
    const slot = slotFor(after, copies, got);
    if (slot === undefined) {
      const rank = after.reduce((best, { length }, r) => (length < after[best].length ? r : best), 0);
      after[rank].push(expert);
      got[rank]++;
    } else {
      const [rank, at] = slot;
      const gone = after[rank][at];
      copies.set(gone, (copies.get(gone) ?? 0) - 1);
      after[rank][at] = expert;
      got[rank]++;
    }
    copies.set(expert, 1);
  }
  return after;
}

/** A slot of an expert that has others: on the rank that got fewest, of the expert with the most copies, the first of equal ones. */
function slotFor(after: Placement, copies: ReadonlyMap<number, number>, got: readonly number[]): readonly [number, number] | undefined {
  let found: readonly [number, number] | undefined;
  let most = 1;
  after.forEach((experts, rank) => {
    if (found !== undefined && got[rank] > got[found[0]]) return;
    experts.forEach((expert, at) => {
      const count = copies.get(expert) ?? 0;
      if (count < 2) return;
      if (found !== undefined && got[rank] === got[found[0]] && count <= most) return;
      found = [rank, at];
      most = count;
    });
  });
  return found;
}
