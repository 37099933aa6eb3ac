import type { ScenarioState } from './scenario.ts';

/** What a link says: a view, and a scenario by the name of an example or as a whole. */
export interface Link {
  readonly view: string;
  readonly example?: string | undefined;
  readonly packed?: string | undefined;
  /** Address of a scenario beside the page, as `supernode ui FILE` serves it. */
  readonly file?: string | undefined;
}

/** `#/run?example=NAME` or `#/run?s=PACKED`: all of it stays in the browser. */
export function readLink(hash: string): Link {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const parameters = new URLSearchParams(query);
  return { view: path, example: parameters.get('example') ?? undefined, packed: parameters.get('s') ?? undefined, file: parameters.get('file') ?? undefined };
}

export function writeLink({ view, example, packed }: Link): string {
  if (example !== undefined) return `#/${view}?example=${encodeURIComponent(example)}`;
  return packed === undefined ? `#/${view}` : `#/${view}?s=${packed}`;
}

/** A scenario as text of an address: deflated JSON in base64url. */
export async function pack(state: ScenarioState): Promise<string> {
  const bytes = await through(new CompressionStream('deflate-raw'), new TextEncoder().encode(JSON.stringify(state)));
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Undefined for a text that is none. */
export async function unpack(packed: string): Promise<ScenarioState | undefined> {
  try {
    const bytes = Uint8Array.from(atob(packed.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
    return asState(JSON.parse(new TextDecoder().decode(await through(new DecompressionStream('deflate-raw'), bytes))));
  } catch {
    return undefined;
  }
}

/** A scenario that is served beside the page; undefined where there is none. */
export async function fetched(address: string): Promise<ScenarioState | undefined> {
  try {
    return asState(await (await fetch(address)).json());
  } catch {
    return undefined;
  }
}

function asState(value: unknown): ScenarioState | undefined {
  const { name, value: content, files } = (value ?? {}) as Partial<ScenarioState>;
  if (typeof name !== 'string' || typeof content !== 'object' || content === null || !Array.isArray(files)) return undefined;
  return { name, value: content, files };
}

async function through(transform: CompressionStream | DecompressionStream, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(transform)).arrayBuffer());
}
