/** A value that is neither a map nor a list, as text. */
export function scalar(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value);
}
