import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BrowserCommand } from 'vitest/node';

let child: ChildProcess | undefined;

/** The engine's rate in one more run of a Node of its own. [requests/s] */
export const nodeRate: BrowserCommand = async () => {
  child ??= fork(fileURLToPath(new URL('node.ts', import.meta.url)), { execArgv: [] });
  const waiting = new AbortController();
  const { signal } = waiting;
  const told = once(child, 'message', { signal });
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`the engine's Node ended with ${String(code)}`);
  });
  child.send({});
  try {
    const [rate] = (await Promise.race([told, ended])) as [number];
    return rate;
  } finally {
    ended.catch(() => {});
    waiting.abort();
  }
};

/** Lets that Node end. */
export const endNode: BrowserCommand = () => {
  child?.disconnect();
  child = undefined;
};
