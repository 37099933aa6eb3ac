import { createReadStream, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

/** Serves the files of a folder to this machine, and nothing outside of it. `texts` are made as they are asked for, by path. */
export function staticServer(folder: string, texts: Readonly<Record<string, () => string>> = {}): Server {
  return createServer((request, response) => {
    answer(folder, texts, request, response);
  });
}

function answer(folder: string, texts: Readonly<Record<string, () => string>>, { method, url }: IncomingMessage, response: ServerResponse): void {
  if (method !== 'GET' && method !== 'HEAD') return end(response, 405, 'expected GET or HEAD');
  const path = pathOf(url);
  if (path === undefined) return end(response, 400, 'expected a path');
  const text = texts[path];
  if (text === undefined) return serveFile(folder, path, method, response);
  response.writeHead(200, { 'content-type': types['.json'] ?? '', 'cache-control': 'no-store' });
  response.end(text());
}

/** Answers with a file of a folder, and with none outside of it. @param path below the folder, with a slash in front */
export function serveFile(folder: string, path: string, method: string | undefined, response: ServerResponse): void {
  const file = normalize(join(folder, path.endsWith('/') ? `${path}index.html` : path));
  if (!file.startsWith(folder + sep) || statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return end(response, 404, 'no such file');
  // Names of built files change with their content; the page itself is looked up each time.
  const lasting = path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
  response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream', 'cache-control': lasting });
  if (method === 'HEAD') response.end();
  else createReadStream(file).pipe(response);
}

function pathOf(url: string | undefined): string | undefined {
  try {
    return decodeURIComponent(new URL(url ?? '/', 'http://localhost').pathname);
  } catch {
    return undefined;
  }
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}
