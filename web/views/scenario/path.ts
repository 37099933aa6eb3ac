export type Path = readonly (string | number)[];

/** A place as errors name it: `faults[0].at`. */
export function dotted(path: Path): string {
  return path.map((key, i) => (typeof key === 'number' ? `[${key}]` : i === 0 ? key : `.${key}`)).join('');
}
