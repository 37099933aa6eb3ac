import type { CollectiveOperation, Stage } from '../operator.ts';
import type { Pass } from './pass.ts';

/** A collective over the dies that split heads, or over `ranks` that stand evenly among `span` dies; nothing where there is one die. */
export function collective(
  pass: Pass,
  name: string,
  stage: Stage,
  operation: CollectiveOperation,
  bytes: number,
  ranks: number = pass.instance.layout.tensor,
  span: number = ranks,
): void {
  if (ranks < 2 || bytes <= 0) return;
  pass.operators.push({ kind: 'collective', name, stage, operation, ranks, bytes, ...(span === ranks ? {} : { span }) });
}
