import type { Machine } from '../../src/catalogue/machine.ts';
import type { Layout } from '../../src/model/layout.ts';
import { dataRanks } from '../../src/model/layout.ts';
import type { Count, CountUnit } from '../counts.ts';
import { overInstance, parseCount } from '../counts.ts';
import { found } from '../read.ts';
import type { Field } from './fields.ts';
import { field } from './fields.ts';

/** `16384/npu`; a bare number is refused, for nobody can tell what it counts. */
export function count(allowed: readonly CountUnit[], example: string, description: string): Field<Count> {
  return field(
    { type: 'string', examples: [example], pattern: String.raw`^\s*[0-9][0-9_,]*\s*/\s*(${allowed.join('|')})\s*$` },
    (value) => {
      if (typeof value !== 'string' && typeof value !== 'number') return { problem: `expected a count such as "${example}", got ${found(value)}` };
      const parsed = parseCount(String(value));
      if (parsed.problem !== undefined) return { problem: parsed.problem };
      const { count } = parsed;
      if (!allowed.includes(count.per)) return { problem: `expected a count per ${allowed.join(', ')}, got ${found(value)}` };
      return Number.isSafeInteger(count.value) ? { value: count } : { problem: `expected a whole number, got ${found(value)}` };
    },
    `${description} Says what it is per: ${allowed.join(', ')}.`,
  );
}

/** A count as a number for one instance, or for one of its data-parallel ranks; not whole where it does not divide. */
export function over(count: Count, part: 'instance' | 'rank', layout: Layout, machine: Machine): number {
  const chips = layout.dies / machine.chip.dies;
  const ranks = dataRanks(layout);
  const all = overInstance(count, { dies: layout.dies, chips, ranks, nodes: chips / machine.node.chips });
  return part === 'instance' ? all : all / ranks;
}
