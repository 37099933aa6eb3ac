import type { Exchange } from '../http/exchange.ts';
import type { Route } from '../http/routes.ts';
import type { LiveEngine } from '../live/engine.ts';

/**
 * Routes that drop cached prefixes of what their door speaks for: vLLM's, which leaves a rank alone that has one in use and tells nobody, and SGLang's, which does nothing
 * while there are requests.
 */
export function cacheRoutes(engine: LiveEngine, dialect: 'vllm' | 'sglang'): readonly Route[] {
  const flush = ({ place }: Exchange, pooled: boolean): void =>
    engine.perform({ kind: 'flush', pooled, pool: place?.pool, instance: place?.instance, rank: place?.rank });
  if (dialect === 'vllm')
    return [
      {
        method: 'POST',
        path: '/reset_prefix_cache',
        handler: (exchange) => {
          flush(exchange, exchange.url.searchParams.get('reset_external') === 'true');
          exchange.empty();
        },
      },
    ];
  const handler = (exchange: Exchange): void => {
    const idle = engine.inFlight === 0;
    if (idle) flush(exchange, true);
    exchange.text(idle ? 'Cache flushed.\n' : 'Not flushed: there are running or waiting requests.\n', undefined, idle ? 200 : 400);
  };
  return [
    { method: 'POST', path: '/flush_cache', handler },
    { method: 'GET', path: '/flush_cache', handler },
  ];
}
