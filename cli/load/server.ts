import { setTimeout as sleep } from 'node:timers/promises';
import { InputError, type Issue } from '../../src/base/errors.ts';
import { pairsOf, type LoadFlags } from './flags.ts';

/** Where requests go, and what they have in common. */
export interface Target {
  readonly base: string;
  readonly url: string;
  readonly chat: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly extra: Readonly<Record<string, unknown>>;
}

/** @throws InputError with everything that is wrong */
export function targetOf(flags: LoadFlags): Target {
  const issues: Issue[] = [];
  const base = (flags.baseUrl ?? `http://${flags.host}:${flags.port}`).replace(/\/+$/, '');
  if (!URL.canParse(base) || !/^https?:$/.test(new URL(base).protocol))
    issues.push({ path: '--base-url', message: `expected http://HOST:PORT, got "${base}"` });
  const { endpoint } = flags;
  const chat = endpoint.endsWith('/chat/completions');
  if (!endpoint.startsWith('/') || !endpoint.endsWith('/completions'))
    issues.push({ path: '--endpoint', message: `expected /v1/completions or /v1/chat/completions, got "${endpoint}"` });
  const extra = extraOf(flags.extraBody, issues);
  let headers: Readonly<Record<string, string>> = {};
  try {
    headers = pairsOf(flags.header, '--header');
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    issues.push(...error.issues);
  }
  if (issues.length > 0) throw new InputError(issues);
  const key = flags.apiKey === undefined ? {} : { authorization: `Bearer ${flags.apiKey}` };
  // A base that ends with /v1, as SDKs have it, is not doubled.
  const url = `${base.replace(/\/v1$/, '')}${endpoint}`;
  return {
    base: base.replace(/\/v1$/, ''),
    url,
    chat,
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...key, ...headers },
    extra,
  };
}

function extraOf(text: string | undefined, issues: Issue[]): Readonly<Record<string, unknown>> {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    issues.push({ path: '--extra-body', message: 'expected an object in JSON' });
  } catch (error) {
    issues.push({ path: '--extra-body', message: `is no JSON: ${error instanceof Error ? error.message : String(error)}` });
  }
  return {};
}

/**
 * The model that a server names first, once it is there.
 * @param patience how long it may take to be there [s]
 * @throws InputError where it is not, or serves no model
 */
export async function firstModel({ base, headers }: Target, patience: number): Promise<string> {
  const until = performance.now() + patience * 1000;
  for (;;) {
    const found = await modelsAt(`${base}/v1/models`, headers);
    if (typeof found !== 'string') return found.model;
    if (performance.now() >= until) throw new InputError([{ path: '--base-url', message: `${base}/v1/models ${found}; expected a server with an OpenAI API` }]);
    await sleep(500);
  }
}

/** What is served first, or why it is not known. */
async function modelsAt(url: string, headers: Readonly<Record<string, string>>): Promise<{ readonly model: string } | string> {
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(10_000) });
    if (!response.ok) return `answers ${response.status}`;
    const { data } = (await response.json()) as { readonly data?: readonly { readonly id?: unknown }[] };
    const id = data?.[0]?.id;
    return typeof id === 'string' ? { model: id } : 'names no model';
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return `cannot be read (${cause instanceof Error ? cause.message : String(cause)})`;
  }
}
