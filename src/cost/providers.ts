import type { Doubt } from '../base/doubt.ts';
import type { Cell } from '../catalogue/cell.ts';
import type { Chip } from '../catalogue/chip.ts';
import { bytesPerElement } from '../catalogue/format.ts';
import type { Stack } from '../catalogue/stack.ts';
import type { Difference } from '../catalogue/uncertainty.ts';
import { exp } from '../kernel/elementary.ts';
import type { ComputeOperator } from '../model/operator.ts';
import { dieRates, numberFormatOf } from './calibration/die.ts';
import { familyOf } from './calibration/families/index.ts';
import type { DieRates, OperatorFamily } from './calibration/family.ts';
import { findCell, type Wanted } from './calibration/find.ts';
import { beyondOf, type Beyond } from './calibration/range.ts';
import { smoothed } from './calibration/residual.ts';
import { wholeDie, type Share } from './roofline.ts';
import type { Priced, Standing } from './uncertainty/errors.ts';

/** What a calibrated cell makes of one launch. */
export interface Provided {
  /** Without the launch. [s] */
  readonly body: number;
  /** What the launch is multiplied by. */
  readonly factor: number;
}

/** Prices operators of one class and format by one cell. */
export interface Provider extends Standing {
  readonly doubt: Doubt | undefined;
  /** Time of an empty launch. [s] */
  readonly floor: number;
  /**
   * One launch on a share of the die; undefined for an operator that does not say its shape. `error`: what the launch takes of what the cell says;
   * no error takes it below what the die allows.
   */
  price(operator: ComputeOperator, share: Share, error?: number): Provided | undefined;
  /** How far an operator is beyond what the cell was measured on; none within. */
  beyond(operator: ComputeOperator): readonly Beyond[];
}

const bitsOfByte = 8;

/** The format of the cells that an operator looks for: `int4-a16` where weights are narrower than the operands they meet. */
export function cellFormat({ format, variant, stored }: ComputeOperator): string {
  if (stored !== undefined) return `${stored}-a${bytesPerElement[format] * bitsOfByte}`;
  return variant === undefined ? format : `${format}-${variant}`;
}

/** Time of a launch on the whole die by a provider: 0 for an operator that does not say its shape. [s] */
export function launchTime(provider: Provider, operator: ComputeOperator): number {
  const provided = provider.price(operator, wholeDie);
  return provided === undefined ? 0 : provider.floor * provided.factor + provided.body;
}

/** The provider of a class of cells and a format of theirs. */
export type ProviderOf = (operatorClass: string, format: string) => Provider | undefined;

/**
 * Finds the cell that prices each class and format on a chip under a stack: its own; else one of its generation or of another stack, with a
 * doubt. An operator without one is left to the rates of the data sheet. `launch`: an empty launch of a vector operator. [s]
 */
export function priceBy(cells: readonly Cell[], chip: Chip, stack: Stack, launch: number): ProviderOf {
  const known = new Map<string, Map<string, Provider | undefined>>();
  return (operatorClass, format) => {
    let formats = known.get(operatorClass);
    if (formats === undefined) known.set(operatorClass, (formats = new Map<string, Provider | undefined>()));
    if (!formats.has(format)) {
      const choice = stack.kernels?.find(
        (kernel) => kernel.class === operatorClass && kernel.format === format && (kernel.generation === undefined || kernel.generation === chip.generation),
      );
      const wanted = { chip, stack: choice?.stack ?? stack.base ?? stack.name, class: operatorClass, format: choice?.use ?? format };
      formats.set(format, providerOf(cells, wanted, launch));
    }
    return formats.get(format);
  };
}

function providerOf(cells: readonly Cell[], wanted: Wanted, launch: number): Provider | undefined {
  const { chip, stack, format } = wanted;
  const family = familyOf(wanted.class);
  const number = numberFormatOf(format);
  if (family?.shapeOf === undefined || number === undefined) return undefined;
  const rates = dieRates(chip, number);
  const found = findCell(cells, wanted);
  const prices: Priced = { chip: chip.name, stack, class: wanted.class, format };
  if (found !== undefined)
    return new CellProvider(family, { cell: found.cell, differs: differencesOf(found.cell, wanted), prices }, found.doubt, rates, launch);
  const { standIn } = family;
  const other = standIn === undefined ? undefined : findCell(cells, { ...wanted, class: standIn.class });
  if (standIn === undefined || other === undefined) return undefined;
  const where = `${family.class} in ${format}`;
  const message = `${where} of ${chip.name} under ${stack} is priced by measurements of ${standIn.class} on ${other.cell.chip} under ${other.cell.stack}`;
  const differs: readonly Difference[] = [...differencesOf(other.cell, wanted), 'kernel'];
  return new CellProvider(standIn, { cell: other.cell, differs, prices }, { rule: 'inherited-calibration', where, message }, rates, launch);
}

/** In what a cell is not what is wanted. */
export function differencesOf(cell: Cell, { chip, stack, format }: Wanted): readonly Difference[] {
  return [
    ...(cell.chip === chip.name ? [] : (['chip'] as const)),
    ...(cell.stack === stack ? [] : (['stack'] as const)),
    ...(cell.format === format ? [] : (['format'] as const)),
  ];
}

class CellProvider implements Provider {
  readonly cell: Cell;
  readonly differs: readonly Difference[];
  readonly prices: Priced | undefined;
  readonly doubt: Doubt | undefined;
  readonly floor: number;
  readonly #family: OperatorFamily<unknown>;
  readonly #parameters: Float64Array;
  readonly #residual: ((features: readonly number[]) => number) | undefined;
  readonly #die: DieRates;
  readonly #dies: Map<Share, DieRates> = new Map();

  constructor(family: OperatorFamily<unknown>, { cell, differs, prices }: Standing, doubt: Doubt | undefined, die: DieRates, launch: number) {
    this.cell = cell;
    this.differs = differs;
    this.prices = prices;
    this.doubt = doubt;
    this.#family = family;
    this.#die = die;
    this.#parameters = Float64Array.from(family.parameters, ({ name, start }) => cell.parameters[name] ?? start);
    family.inStep?.(this.#parameters, die, launch);
    this.#residual = cell.residual === undefined ? undefined : smoothed(cell.residual);
    const floor = family.parameters.findIndex(({ name }) => name === 'floor');
    this.floor = floor === -1 ? 0 : (this.#parameters[floor] as number);
  }

  price(operator: ComputeOperator, share: Share, error: number = 1): Provided | undefined {
    const family = this.#family;
    const shape = family.shapeOf?.(operator);
    if (shape === undefined) return undefined;
    const die = this.#dieFor(share);
    const formula = family.time(shape, die, this.#parameters);
    const factor = error * (this.#residual === undefined ? 1 : exp(this.#residual(family.features(shape))));
    return { body: Math.max(formula * factor, family.floor(shape, die)) - this.floor * factor, factor };
  }

  beyond(operator: ComputeOperator): readonly Beyond[] {
    const shape = this.#family.shapeOf?.(operator);
    return shape === undefined ? [] : beyondOf(this.cell, this.#family.features(shape));
  }

  #dieFor(share: Share): DieRates {
    const known = this.#dies.get(share);
    if (known !== undefined) return known;
    const die = this.#die;
    const made: DieRates = {
      ...die,
      peak: die.peak * share.matrix,
      ceiling: die.ceiling * share.matrix,
      vector: die.vector * share.vector,
      cores: Math.max(1, Math.round(die.cores * share.matrix)),
      vectorCores: Math.max(1, Math.round(die.vectorCores * share.vector)),
      bandwidth: die.bandwidth * share.memory,
    };
    this.#dies.set(share, made);
    return made;
  }
}
