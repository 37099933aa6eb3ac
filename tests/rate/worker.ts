import { scenarioFromTexts } from '../bytes/from-texts.ts';
import { example, requests, runsOf } from './measure.ts';

const made = scenarioFromTexts(example, requests).then(runsOf);

// A run for each message.
addEventListener('message', () => {
  made.then((run) => postMessage({ rate: run() })).catch((error: unknown) => postMessage({ error: String(error) }));
});
