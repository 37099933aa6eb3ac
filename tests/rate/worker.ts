import { scenarioFromTexts } from '../bytes/from-texts.ts';
import { example, rateOf, requests } from './measure.ts';

addEventListener('message', () => {
  scenarioFromTexts(example, requests)
    .then((scenario) => postMessage({ rate: rateOf(scenario) }))
    .catch((error: unknown) => postMessage({ error: String(error) }));
});
