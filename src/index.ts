export type { Issue } from './base/errors.ts';
export { InputError } from './base/errors.ts';
