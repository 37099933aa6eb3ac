import type { Doubt } from '../base/doubt.ts';
import { assert } from '../base/errors.ts';
import type { Die, MatrixPeak } from '../catalogue/chip.ts';
import type { NumberFormat } from '../catalogue/format.ts';
import type { Machine } from '../catalogue/machine.ts';
import { mostSpecific, type OperatorClass, type Stack } from '../catalogue/stack.ts';

/** What a class of operators reaches on a whole die. */
export interface Rate {
  /** Matrix engine, at or below the chip's ceiling. [flop/s] */
  readonly matrix: number;
  /** Vector engine. [flop/s] */
  readonly vector: number;
  /** [B/s] */
  readonly memory: number;
  /** Time of an empty launch. [s] */
  readonly floor: number;
}

interface Resolved {
  readonly rate: Rate;
  /** No measurement stands behind it. */
  readonly assumed: boolean;
}

/** The peak of a format: 16-bit formats stand in for each other. */
export function peakOf(die: Die, format: NumberFormat): MatrixPeak | undefined {
  const { peaks } = die.matrix;
  return peaks[format] ?? (format === 'bf16' ? peaks.fp16 : format === 'fp16' ? peaks.bf16 : undefined);
}

/** Rates of one chip under one stack, resolved at first use. */
export class Rates {
  readonly #die: Die;
  readonly #chip: string;
  readonly #generation: string;
  readonly #stack: Stack;
  readonly #resolved: Map<OperatorClass, Map<NumberFormat, Resolved>> = new Map();
  readonly #assumed: Map<Resolved, string> = new Map();

  constructor(machine: Machine, stack: Stack) {
    this.#die = machine.chip.die;
    this.#chip = machine.chip.name;
    this.#generation = machine.chip.generation;
    this.#stack = stack;
  }

  /** What had to be assumed for the rates that were used so far. */
  get doubts(): readonly Doubt[] {
    const where = [...this.#assumed.values()].join(', ');
    return where === ''
      ? []
      : [
          {
            rule: 'data-sheet-roofline',
            where,
            message: `the data-sheet rates of ${this.#chip} at assumed shares: no measurement of these operators stands behind them`,
          },
        ];
  }

  /** `prices`: whether the rate sets a time, and is not only what engines are measured by. */
  of(operator: OperatorClass, format: NumberFormat, prices: boolean = true): Rate {
    let known = this.#resolved.get(operator)?.get(format);
    if (known === undefined) {
      known = this.#resolve(operator, format);
      const formats = this.#resolved.get(operator) ?? new Map<NumberFormat, Resolved>();
      this.#resolved.set(operator, formats.set(format, known));
    }
    if (prices && known.assumed && !this.#assumed.has(known)) this.#assumed.set(known, `${operator} in ${format}`);
    return known.rate;
  }

  /** Whether no measurement on this generation of chips stands behind a rate. */
  assumes(operator: OperatorClass, format: NumberFormat): boolean {
    return this.#resolve(operator, format).assumed;
  }

  #resolve(operator: OperatorClass, format: NumberFormat): Resolved {
    const die = this.#die;
    const entry = mostSpecific(
      this.#stack.efficiencies.filter((candidate) => candidate.operator === operator),
      this.#generation,
      format,
    );
    assert(entry !== undefined, `a stack without a rate for ${operator}`);
    const peak = peakOf(die, format);
    const matrix = peak === undefined ? 0 : Math.min(peak.peak.value * entry.compute.value, peak.ceiling?.value ?? Infinity);
    const used = [entry.compute, entry.memory];
    return {
      rate: { matrix, vector: die.vector.peak.value * entry.compute.value, memory: die.memory.bandwidth.value * entry.memory.value, floor: entry.floor.value },
      assumed: entry.generation === undefined || used.some(({ kind }) => kind === 'estimate'),
    };
  }
}
