import type { PrefixBlock } from '../tokens/prefix-ids.ts';

/** At least one block, and those that stand behind it. */
type Chain = [PrefixBlock, ...PrefixBlock[]];

/**
 * Blocks that were stored together, as chains that stand behind one another. No block comes before the one that it stands behind, in whatever order they were told:
 * the engine lets go of the deepest first, so those of an answer enter its cache last first. What was told in order stays so.
 */
export function chainsOf(stored: ReadonlySet<PrefixBlock>): readonly Chain[] {
  const left = new Set(stored);
  const chains: Chain[] = [];
  for (const block of stored) {
    const up: PrefixBlock[] = [];
    for (let at: PrefixBlock | undefined = block; at !== undefined && left.delete(at); at = at.parent) up.push(at);
    for (const next of up.toReversed()) {
      const chain = chains.at(-1);
      if (chain !== undefined && next.parent !== undefined && chain.at(-1) === next.parent) chain.push(next);
      else chains.push([next]);
    }
  }
  return chains;
}
