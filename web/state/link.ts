import type { ScenarioState } from './scenario.ts';

/** What a link says: a view, and a scenario by the name of an example or as a whole. */
export interface Link {
  readonly view: string;
  readonly example?: string | undefined;
  readonly packed?: string | undefined;
  /** Address of a scenario beside the page, as `supernode ui FILE` serves it. */
  readonly file?: string | undefined;
  /** What views say of themselves. */
  readonly more: Readonly<Record<string, string>>;
}

const scenarioKeys = ['example', 's', 'file'];

/** `#/run?example=NAME` or `#/run?s=PACKED`: all of it stays in the browser. */
export function readLink(hash: string): Link {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const parameters = new URLSearchParams(query);
  const more = Object.fromEntries([...parameters].filter(([key]) => !scenarioKeys.includes(key)));
  const one = (key: string): string | undefined => parameters.get(key) ?? undefined;
  return { view: path, example: one('example'), packed: one('s'), file: one('file'), more };
}

export function writeLink({ view, example, packed, more }: Link): string {
  const named = example === undefined ? (packed === undefined ? [] : [['s', packed]]) : [['example', example]];
  const parameters = new URLSearchParams([...named, ...Object.entries(more)]);
  return parameters.size === 0 ? `#/${view}` : `#/${view}?${parameters}`;
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

/** What was read as a scenario; undefined where it is none. */
export function asState(value: unknown): ScenarioState | undefined {
  const { name, value: content, files } = (value ?? {}) as Partial<ScenarioState>;
  if (typeof name !== 'string' || typeof content !== 'object' || content === null || !Array.isArray(files)) return undefined;
  return { name, value: content, files };
}

async function through(transform: CompressionStream | DecompressionStream, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(transform)).arrayBuffer());
}
