export { exampleWords } from './examples.ts';
export { messageWords } from './problems.ts';
export { stepWords } from './step.ts';
