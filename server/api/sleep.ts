import type { Route } from '../http/routes.ts';
import type { Generator } from './generator.ts';

export type SleepState = 'awake' | 'weights_offloaded' | 'discard_all';

/** Routes of vLLM's sleep mode. What is asleep takes no requests; that sleeping and waking take time is not modelled. */
export function sleepRoutes(generator: Generator): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/sleep',
      handler: (exchange) => {
        generator.sleep = exchange.url.searchParams.get('level') === '2' ? 'discard_all' : 'weights_offloaded';
        exchange.empty();
      },
    },
    {
      method: 'POST',
      path: '/wake_up',
      handler: (exchange) => {
        generator.sleep = 'awake';
        exchange.empty();
      },
    },
    { method: 'GET', path: '/is_sleeping', handler: (exchange) => exchange.json({ is_sleeping: generator.sleep !== 'awake' }) },
  ];
}
