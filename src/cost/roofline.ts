import type { ComputeOperator } from '../model/operator.ts';
import type { Rate } from './rates.ts';

/** Shares of a die's engines that an operator may use. */
export interface Share {
  readonly matrix: number;
  readonly vector: number;
  /** Of the memory bandwidth. */
  readonly memory: number;
}

export const wholeDie: Share = { matrix: 1, vector: 1, memory: 1 };

/** What holds an operator back most. */
export type Bound = 'compute' | 'vector' | 'memory' | 'network' | 'launch' | 'ranks' | 'host';

/** Times of one launch, each engine alone. [s] */
export interface Roofline {
  readonly matrix: number;
  readonly vector: number;
  readonly memory: number;
}

function quotient(work: number, rate: number): number {
  return work === 0 ? 0 : work / rate;
}

/** Work over rate on each engine. */
export function rooflineOf(operator: ComputeOperator, rate: Rate, share: Share): Roofline {
  return {
    matrix: quotient(operator.matrixFlop, rate.matrix * share.matrix),
    vector: quotient(operator.vectorFlop, rate.vector * share.vector),
    memory: quotient(operator.weightBytes + operator.activationBytes, rate.memory * share.memory),
  };
}

/** The launch, then the slowest of computing and moving. */
export function roofTime(roof: Roofline, floor: number): number {
  return floor + Math.max(roof.matrix, roof.vector, roof.memory);
}

export function boundOf(roof: Roofline, floor: number): Bound {
  const most = Math.max(roof.matrix, roof.vector, roof.memory);
  if (floor > most) return 'launch';
  if (roof.memory >= most) return 'memory';
  return roof.matrix >= most ? 'compute' : 'vector';
}
