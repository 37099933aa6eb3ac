import type { MeasuredDie } from '../../catalogue/cell.ts';
import type { Chip } from '../../catalogue/chip.ts';
import { numberFormats, type NumberFormat } from '../../catalogue/format.ts';
import { peakOf } from '../rates.ts';
import type { DieRates } from './family.ts';

/** The number format that the format of a cell begins with: `fp8` of `fp8-block`. */
export function numberFormatOf(cellFormat: string): NumberFormat | undefined {
  const dash = cellFormat.indexOf('-');
  const name = dash === -1 ? cellFormat : cellFormat.slice(0, dash);
  return numberFormats.find((format) => format === name);
}

/** Threads of the largest block: kernels over rows give one to a row. */
const largestBlock = 1024;

/** What tells a die from those of its kin. */
export function measuredDie({ die }: Chip): MeasuredDie {
  return { cores: die.matrix.cores.value, bandwidth: die.memory.bandwidth.value, peak: peakOf(die, 'bf16')?.peak.value ?? 0 };
}

/** What a formula knows of a chip's die in a number format; a format that its matrix engine lacks runs at the 16-bit peak. */
export function dieRates(chip: Chip, format: NumberFormat): DieRates {
  const { die } = chip;
  const matrix = peakOf(die, format) ?? peakOf(die, 'bf16');
  const peak = matrix?.peak.value ?? 0;
  return {
    chip,
    format,
    peak,
    ceiling: Math.min(peak, matrix?.ceiling?.value ?? Infinity),
    vector: die.vector.peak.value,
    cores: die.matrix.cores.value,
    vectorCores: die.vector.cores.value,
    blocks: Math.max(1, Math.floor((die.vector.threads?.value ?? 0) / largestBlock)),
    bandwidth: die.memory.bandwidth.value,
    cache: die.cache?.value ?? 0,
  };
}
