import type { Page } from 'playwright';

/** What a page and its workers hold after everything that nobody needs was collected. [MB] */
export interface Heaps {
  readonly page: number;
  /** Of the first worker, which has the engine. */
  readonly worker: number;
}

/** Looks into the memory of a page and of its first worker through the developer tools' protocol. */
export async function heapsOf(page: Page): Promise<() => Promise<Heaps>> {
  const session = await page.context().newCDPSession(page);
  const attached = new Promise<string>((resolve) => {
    session.on('Target.attachedToTarget', ({ sessionId }) => resolve(sessionId));
  });
  await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  const worker = await attached;
  let asked = 0;
  const toWorker = (method: string): Promise<unknown> => {
    const id = asked++;
    const answer = new Promise<unknown>((resolve) => {
      const hear = ({ sessionId, message }: { readonly sessionId: string; readonly message: string }): void => {
        const told = JSON.parse(message) as { readonly id?: number; readonly result?: unknown };
        if (sessionId !== worker || told.id !== id) return;
        session.off('Target.receivedMessageFromTarget', hear);
        resolve(told.result);
      };
      session.on('Target.receivedMessageFromTarget', hear);
    });
    return session.send('Target.sendMessageToTarget', { sessionId: worker, message: JSON.stringify({ id, method }) }).then(() => answer);
  };
  return async () => ({ page: await used((method) => session.send(method)), worker: await used(toWorker) });
}

async function used(send: (method: 'HeapProfiler.collectGarbage' | 'Runtime.getHeapUsage') => Promise<unknown>): Promise<number> {
  await send('HeapProfiler.collectGarbage');
  const usage = (await send('Runtime.getHeapUsage')) as { readonly usedSize: number; readonly backingStorageSize?: number };
  return (usage.usedSize + (usage.backingStorageSize ?? 0)) / 1e6;
}
