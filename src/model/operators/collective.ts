import type { CollectiveOperation, Stage } from '../operator.ts';
import type { Pass } from './pass.ts';

/** A collective over the dies of one rank; nothing where there is one die. */
export function collective(pass: Pass, name: string, stage: Stage, operation: CollectiveOperation, bytes: number): void {
  const ranks = pass.instance.layout.tensor;
  if (ranks < 2 || bytes <= 0) return;
  pass.operators.push({ kind: 'collective', name, stage, operation, ranks, bytes });
}
