import { connect } from 'node:net';

/** What a server answers to bytes, as far as it goes, and how the connection ended. */
export interface RawAnswer {
  readonly text: string;
  /** `open`: it said nothing more for as long as it was watched. */
  readonly end: 'closed' | 'reset' | 'open';
}

/**
 * Sends bytes to a server and takes what comes back.
 * @param patience for how long [ms]
 */
export function raw(
  url: string,
  bytes: string | Uint8Array,
  { patience = 3000, half = false }: { patience?: number; half?: boolean } = {},
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    const chunks: Buffer[] = [];
    let reset = false;
    const done = (end: RawAnswer['end']): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text: Buffer.concat(chunks).toString(), end });
    };
    const timer = setTimeout(() => done('open'), patience);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => (reset = true));
    socket.on('close', () => done(reset ? 'reset' : 'closed'));
    socket.on('end', () => done('closed'));
    socket.write(bytes);
    if (half) socket.end();
  });
}

/** A request as bytes. */
export function requestOf(path: string, body: string, headers: Readonly<Record<string, string>> = {}): string {
  const all = { host: 'localhost', 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)), connection: 'close', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}
