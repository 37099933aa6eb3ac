import type { Instance } from './instance.ts';
import type { RequestTable } from './request-table.ts';

/**
 * What each decoding sequence of an instance puts out in the step that ends, for those who are told of it (`EmissionListener`). Drafts
 * that were accepted beyond the end of an answer are in it: the last step puts out what is left.
 */
export function emissionsOf({ ranks, options, steps }: Instance, table: RequestTable, told: (slot: number, tokens: number) => void): void {
  const { acceptance } = options;
  for (const { members } of ranks) {
    for (let i = 0; i < members.length; i++) {
      const slot = members.items[i];
      const step = table.stepsBefore[slot] + steps - table.joinStep[slot];
      told(slot, acceptance.drafts === 0 ? 1 : acceptance.emitted(table.ordinal[slot], step));
    }
  }
}
