import type { Exchange } from './exchange.ts';

/** Any origin. */
const any = '*';
/** What may be asked for across origins, as vLLM has it. */
const methods = 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT';
/** Time that a browser remembers what it was allowed. [s] */
const remembered = '600';
/** Whoever runs the server is let in by where they are: pages of others are not. */
const own = /^\/(?:admin|ui)(?:\/|$)/;

/** Lets browsers use the API from pages of some origins. */
export class Cors {
  readonly #origins: ReadonlySet<string>;

  /** @param origins as scheme://host:port; `*` is any */
  constructor(origins: readonly string[]) {
    this.#origins = new Set(origins);
  }

  /** Says in the headers of an answer whether the page that asks may read it. Answers what a browser asks beforehand; returns whether it was that. */
  greet(exchange: Exchange): boolean {
    const origin = exchange.header('origin');
    if (origin === undefined || own.test(exchange.url.pathname)) return false;
    const open = this.#origins.has(any);
    const allowed = open || this.#origins.has(origin);
    if (allowed) exchange.headers['access-control-allow-origin'] = open ? any : origin;
    if (!open) exchange.headers['vary'] = 'Origin';
    if (exchange.request.method !== 'OPTIONS' || exchange.header('access-control-request-method') === undefined) return false;
    const asked = exchange.header('access-control-request-headers');
    exchange.headers['access-control-allow-methods'] = methods;
    exchange.headers['access-control-max-age'] = remembered;
    if (asked !== undefined) exchange.headers['access-control-allow-headers'] = asked;
    exchange.text(allowed ? 'OK' : 'Disallowed CORS origin', undefined, allowed ? 200 : 400);
    return true;
  }
}
