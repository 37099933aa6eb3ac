import type { FamilyBound } from '../../src/ledger/bounds.ts';

/** What is asked of links of the shipped cases. */
export const linkBounds: readonly FamilyBound[] = [
  { title: 'UB, table 1', families: ['UB, table 1'], worst: 0.03 },
  { title: 'CANN EP, EP 8, 32, 128', families: ['CANN EP'], median: 0.05, worst: 0.12 },
  {
    title: 'NCCL, custom all-reduce, NVL72, DeepEP',
    families: ['NCCL', 'custom all-reduce', 'NVL72 one-sided', 'DeepEP low-latency', 'DeepEP normal', 'DeepEP, RDMA alone', 'DeepEP V2'],
    median: 0.07,
    worst: 0.2,
  },
];
