import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { loadScenario } from '../../cli/scenario.ts';
import { example, requests, runsOf } from './measure.ts';

const run = runsOf(await loadScenario(fileURLToPath(new URL(`../../examples/${example}.yaml`, import.meta.url)), { requests }));
// A run for each message, until its parent lets go of it.
process.on('message', () => process.send?.(run()));
