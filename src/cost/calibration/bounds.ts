import { stepOf, axisOf } from './axis.ts';
import type { FittedParameter } from './family.ts';

/** A constant that a fit left at the end of what makes physical sense: the term is off, or lacks something. */
export interface AtBound {
  readonly parameter: FittedParameter;
  readonly end: 'least' | 'most';
}

/** The constants of a cell that sit at a bound. */
export function atBounds(parameters: readonly FittedParameter[], values: Readonly<Record<string, number>>): readonly AtBound[] {
  return parameters.flatMap((parameter): AtBound[] => {
    const value = values[parameter.name];
    if (value === undefined || parameter.max <= parameter.min) return [];
    const step = stepOf(parameter, value);
    if (step === 0) return [{ parameter, end: 'least' }];
    return step === axisOf(parameter).steps ? [{ parameter, end: 'most' }] : [];
  });
}
