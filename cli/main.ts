import process from 'node:process';
import { run } from './run.ts';

// A reader that has seen enough (`| head`) is not a fault: files are still written.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
process.exitCode = await run(process.argv.slice(2));
