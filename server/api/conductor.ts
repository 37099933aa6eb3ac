import type { Route } from '../http/routes.ts';
import type { Conductor } from '../kv-events/conductor.ts';

const paths = ['/register', '/unregister', '/query', '/query_by_hash'] as const;

/** Calls of Mooncake's conductor. */
export function conductorRoutes(conductor: Conductor): readonly Route[] {
  return paths.map((path) => ({
    method: 'POST',
    path,
    handler: async (exchange) => {
      const reply = await conductor.handle(path, await exchange.body());
      exchange.json(reply?.body ?? {}, reply?.status ?? 404);
    },
  }));
}
