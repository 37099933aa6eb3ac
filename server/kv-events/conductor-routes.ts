import { ApiError } from '../http/api-error.ts';
import type { Route } from '../http/routes.ts';
import type { Conductor } from './conductor.ts';

/** The calls of a conductor over HTTP. */
export function conductorRoutes(conductor: Conductor): readonly Route[] {
  return ['/register', '/unregister', '/query', '/query_by_hash'].map((path) => ({
    method: 'POST',
    path,
    handler: async (exchange) => {
      const reply = await conductor.handle(path, await exchange.body());
      if (reply === undefined) throw new ApiError(404, `Not Found: ${path}`);
      exchange.json(reply.body, reply.status);
    },
  }));
}
