import type { Command } from 'commander';

/** A verb of the command line. Its module is loaded only when it is called, so that start-up stays fast. */
export interface Verb {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: () => Command }>;
}

/** Every verb that works today, in the order of the help text. */
export const verbs: readonly Verb[] = [
  { name: 'simulate', summary: 'run a scenario and report throughput, latency, utilisation, limits', load: () => import('./verbs/simulate.ts') },
  { name: 'compare', summary: 'put two to four scenarios in one table and one page', load: () => import('./verbs/compare.ts') },
  { name: 'emulate', summary: 'serve an OpenAI API with the timing of a deployment', load: () => import('./verbs/emulate.ts') },
  { name: 'step', summary: 'explain one prefill or decode iteration operator by operator', load: () => import('./verbs/step.ts') },
  { name: 'load', summary: 'send traffic to a server with an OpenAI API, and report it as simulate does', load: () => import('./verbs/load.ts') },
  { name: 'calibrate', summary: 'fit operator costs to a table of measured times', load: () => import('./verbs/calibrate.ts') },
  { name: 'validate', summary: 'score a table of measured operator times against what is shipped', load: () => import('./verbs/validate.ts') },
  { name: 'trace', summary: 'inspect a request trace, or generate one', load: () => import('./verbs/trace.ts') },
  { name: 'network', summary: "explain a machine's planes, a path, a collective or an exchange", load: () => import('./verbs/network.ts') },
  { name: 'machines', summary: 'list machines, or show one with its parts and sources', load: () => import('./verbs/machines.ts') },
  { name: 'models', summary: 'list models, or show one with its counts', load: () => import('./verbs/models.ts') },
  { name: 'ui', summary: 'see the machine work: serve the page with the engine in it', load: () => import('./verbs/ui.ts') },
];
