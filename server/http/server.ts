import { randomUUID } from 'node:crypto';
import { createServer, STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { ApiError } from './api-error.ts';
import { Cors } from './cors.ts';
import { Exchange } from './exchange.ts';
import type { Routes } from './routes.ts';

export interface HttpOptions {
  readonly host: string;
  readonly port: number;
  /** Of a body. [B] */
  readonly maxBody: number;
  /** Of all headers of a request. [B] */
  readonly maxHeader: number;
  readonly maxConnections: number;
  /** Until a request is there whole, and until a connection that is idle is closed. [ms] */
  readonly requestTimeout: number;
  readonly idleTimeout: number;
  /** Certificate and key in PEM; absent: plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Whether an answer carries the id that its request came with. */
  readonly echoRequestId: boolean;
  readonly headers: Readonly<Record<string, string>>;
  /** Origins of pages that a browser lets use the API; `*` is any. */
  readonly origins: readonly string[];
}

/** What a log is told of each request that was answered. */
export interface AccessRecord {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** [ms] */
  readonly took: number;
  readonly id: string;
  readonly notes: Readonly<Record<string, string | number | boolean>>;
}

/** The door: finds the handler of each request, and answers for those that fail. */
export class HttpDoor {
  readonly #server: Server;
  readonly #options: HttpOptions;
  readonly #routes: Routes;
  readonly #cors: Cors;
  /** Told of each request when its answer is over. */
  onAccess: ((record: AccessRecord) => void) | undefined;
  /** Told of faults of ours. */
  onFault: (error: unknown) => void = () => {};
  /** Looks at a request before its handler does, and may refuse it. */
  before: (exchange: Exchange) => void = () => {};
  #closing = false;
  readonly #sockets = new Set<Socket>();

  constructor(routes: Routes, options: HttpOptions) {
    this.#routes = routes;
    this.#options = options;
    this.#cors = new Cors(options.origins);
    const settings = {
      maxHeaderSize: options.maxHeader,
      requestTimeout: options.requestTimeout,
      headersTimeout: options.requestTimeout,
      keepAliveTimeout: options.idleTimeout,
      connectionsCheckingInterval: Math.max(100, Math.min(5000, options.requestTimeout / 4)),
      noDelay: true,
    };
    const listener = (request: IncomingMessage, response: ServerResponse): void => void this.#answer(request, response);
    this.#server = options.tls === undefined ? createServer(settings, listener) : createTlsServer({ ...settings, ...options.tls }, listener);
    this.#server.maxConnections = options.maxConnections;
    this.#server.maxRequestsPerSocket = 0;
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => refuse(socket, statusOf[error.code ?? ''] ?? 400, error));
    this.#server.on('connect', (_, socket: Socket) => refuse(socket, 405, new Error('CONNECT is not served')));
  }

  /** What was written and no reader has taken. [B] */
  get bytesWaiting(): number {
    return [...this.#sockets].reduce((sum, socket) => sum + socket.writableLength, 0);
  }

  /** The port that it listens on. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Listens. */
  async listen(): Promise<void> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port, backlog: 4096 }, resolve);
    });
  }

  /** Takes no new connections; those that are idle are closed. */
  refuse(): void {
    this.#closing = true;
    this.#server.close();
    this.#server.closeIdleConnections();
  }

  /** Closes what is still open. */
  close(): void {
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const begun = performance.now();
    const headers: Record<string, string> = { ...this.#options.headers };
    if (this.#closing) headers['connection'] = 'close';
    const exchange = new Exchange(request, response, urlOf(request), this.#options.maxBody, headers);
    const id = exchange.requestId ?? randomUUID();
    if (this.#options.echoRequestId) headers['x-request-id'] = id;
    response.once('close', () => {
      const { method = '', url = '' } = request;
      this.onAccess?.({ method, path: url.slice(0, 200), status: response.statusCode, took: performance.now() - begun, id, notes: exchange.notes });
    });
    try {
      // Those that stand between might go by either.
      if ((request.headersDistinct['host']?.length ?? 0) > 1) throw new ApiError(400, 'The request has two Host headers', { headers: { connection: 'close' } });
      if (this.#cors.greet(exchange)) return;
      const route = this.#routes.find(request.method ?? '', exchange.url.pathname);
      if (route.open !== true) this.before(exchange);
      await route.handler(exchange);
    } catch (error) {
      if (!(error instanceof ApiError)) this.onFault(error);
      const problem = error instanceof ApiError ? error : new ApiError(500, 'The emulator failed; its log says why');
      // What is left of a body that nobody reads would hold the connection up.
      if (!request.complete) headers['connection'] = 'close';
      exchange.fail(problem);
      if (!request.complete) request.resume();
    }
  }
}

function urlOf(request: IncomingMessage): URL {
  const base = 'http://localhost';
  return URL.canParse(request.url ?? '/', base) ? new URL(request.url ?? '/', base) : new URL(`${base}/%00`);
}

const statusOf: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** Answers what is no HTTP request, or a piece of one. */
function refuse(socket: Socket, status: number, error: NodeJS.ErrnoException): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(new ApiError(status, `The request cannot be read: ${error.message}`).body);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n`;
  socket.end(head + body, () => socket.destroySoon());
}
