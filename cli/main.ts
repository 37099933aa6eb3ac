import process from 'node:process';
import { getSystemErrorMessage } from 'node:util';
import { run } from './run.ts';

let refused = false;
process.stdout.on('error', ({ code, errno, message }: NodeJS.ErrnoException) => {
  // A reader that has seen enough (`| head`) is not a fault: files are still written.
  if (code === 'EPIPE' || refused) return;
  refused = true;
  process.exitCode = 1;
  process.stderr.write(`supernode: stdout cannot be written: ${errno === undefined ? message : getSystemErrorMessage(errno)}\n`);
});
const code = await run(process.argv.slice(2));
process.exitCode = refused ? 1 : code;
