import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { loadScenario } from '../../cli/scenario.ts';
import { example, rateOf, requests } from './measure.ts';

process.stdout.write(`${rateOf(await loadScenario(fileURLToPath(new URL(`../../examples/${example}.yaml`, import.meta.url)), { requests }))}\n`);
