import { parseQuantity } from '../../src/base/quantity.ts';
import { found } from '../read.ts';
import type { Field } from './fields.ts';
import { field } from './fields.ts';

/** Host memory and what it is counted over. */
export interface HostMemory {
  readonly bytes: number;
  readonly per: 'node' | 'machine';
}

/** `1 TB/node` or `40 TB/machine`. */
export function hostMemory(description: string): Field<HostMemory> {
  return field(
    { type: 'string', examples: ['1 TB/node', '40 TB/machine'] },
    (value) => {
      const match = typeof value === 'string' ? /^(.*)\/\s*(node|machine)\s*$/.exec(value) : null;
      if (match === null) return { problem: `expected memory per node or in all, such as "1 TB/node" or "40 TB/machine", got ${found(value)}` };
      const { value: bytes, problem } = parseQuantity(match[1] ?? '', 'bytes');
      if (problem !== undefined) return { problem };
      return bytes > 0 ? { value: { bytes, per: match[2] === 'node' ? 'node' : 'machine' } } : { problem: `expected memory above zero, got ${found(value)}` };
    },
    `${description} Per node or in the whole machine.`,
  );
}
