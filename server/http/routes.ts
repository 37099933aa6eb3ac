import { ApiError } from './api-error.ts';
import type { Exchange } from './exchange.ts';

export type Handler = (exchange: Exchange) => void | Promise<void>;

/** A route answers a method at a path. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Where it ends with `/*`, one more name stands there. */
  readonly path: string;
  readonly handler: Handler;
  /** Whether it answers for all that lies below its path as well. */
  readonly below?: boolean | undefined;
  /** Whether it is answered without a key, and however busy the server is. */
  readonly open?: boolean | undefined;
}

/** Finds the route of a request. */
export class Routes {
  readonly #paths = new Map<string, Map<string, Route>>();

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const methods = this.#paths.get(route.path) ?? new Map<string, Route>();
      this.#paths.set(route.path, methods);
      methods.set(route.method, route);
    }
  }

  /** @throws ApiError 404 or 405 */
  find(method: string, path: string): Route {
    const named = (at: string): ReadonlyMap<string, Route> | undefined => this.#paths.get(at);
    const methods = named(path) ?? named(path.replace(/\/+$/, '')) ?? named(path.replace(/\/[^/]+$/, '/*')) ?? this.#above(path);
    if (methods === undefined) throw new ApiError(404, `Not Found: ${path}`);
    const route = methods.get(method === 'HEAD' ? 'GET' : method);
    if (route === undefined)
      throw new ApiError(405, `Method Not Allowed: ${method} ${path}; expected ${[...methods.keys()].join(' or ')}`, {
        headers: { allow: [...methods.keys()].join(', ') },
      });
    return route;
  }

  /** Of the nearest path above that answers for what lies below it. */
  #above(path: string): ReadonlyMap<string, Route> | undefined {
    for (let above = path; above !== '';) {
      above = above.slice(0, Math.max(0, above.lastIndexOf('/')));
      const methods = this.#paths.get(above);
      if (methods?.get('GET')?.below === true) return methods;
    }
    return undefined;
  }
}
