import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { Command } from 'commander';
import { InputError } from '../../src/base/errors.ts';
import { portFlag } from '../flags.ts';
import { existingFile } from '../scenario.ts';
import { builtPage } from '../ui/built.ts';
import { pageSource } from '../ui/source.ts';
import { staticServer } from '../ui/static-server.ts';

/** `supernode ui`: serves the page, with the engine in it, to the browsers of this machine. */
export function command(): Command {
  return new Command('ui')
    .argument('[file]', 'scenario file to show; by default an example')
    .option('--port <n>', 'port to listen on; 0 for a free one', portFlag(), 4173)
    .action(async (file: string | undefined, { port }: { readonly port: number }) => {
      const folder = builtPage();
      if (file !== undefined) existingFile(file, 'scenario file');
      const source = file === undefined ? undefined : (): string => JSON.stringify(pageSource(file));
      source?.();
      const server = staticServer(folder, source === undefined ? {} : { '/scenario.json': source });
      await new Promise<void>((resolve, reject) => {
        server.once('error', (error: NodeJS.ErrnoException) => {
          reject(
            new InputError([{ path: '--port', message: `cannot listen on ${port} (${error.code ?? error.message}); expected a free port, or 0 for any` }]),
          );
        });
        server.listen(port, '127.0.0.1', resolve);
      });
      const { port: open } = server.address() as AddressInfo;
      process.stdout.write(`Supernode is at http://localhost:${open}/${source === undefined ? '' : '#/run?file=scenario.json'}  (Ctrl-C ends it)\n`);
    });
}
