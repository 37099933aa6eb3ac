import type { Stage } from '../../../src/model/operator.ts';

/** Stages as a reader sees them: a colour each. */
export const categories = ['attention', 'forward', 'exchange', 'draft', 'other', 'host'] as const;
export type Category = (typeof categories)[number];

/** Colours by their tokens. */
export const colourOf: Readonly<Record<Category, string>> = {
  attention: 'var(--line-1)',
  forward: 'var(--line-3)',
  exchange: 'var(--line-2)',
  draft: 'var(--line-4)',
  other: 'var(--quiet)',
  host: 'var(--cache)',
};

/** @param stage or what stands behind the stages: the host */
export function categoryOf(stage: string): Category {
  switch (stage as Stage | 'host') {
    case 'attention-prologue':
    case 'attention-core':
    case 'attention-output':
      return 'attention';
    case 'gate':
    case 'experts':
    case 'shared-expert':
    case 'dense':
      return 'forward';
    case 'dispatch':
    case 'combine':
      return 'exchange';
    case 'draft':
      return 'draft';
    case 'host':
      return 'host';
    case 'embedding':
    case 'head':
      return 'other';
  }
}
