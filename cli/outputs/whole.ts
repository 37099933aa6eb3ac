import { closeSync, openSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { refusal, unwritten } from '../file-problem.ts';
import { holdPartial, releasePartial } from './partial.ts';
import { thereAt } from './place.ts';

/** Where a file is written until it is whole, and its place, behind links. Both are `path` for a pipe or a device. */
export function placesOf(path: string): { readonly partial: string; readonly whole: string } {
  const there = thereAt(path);
  if (there !== undefined && !there.isFile()) return { partial: path, whole: path };
  const whole = there === undefined ? path : realpathSync(path);
  return { partial: `${whole}.${process.pid}.partial`, whole };
}

/** Why no file can be made in a folder. Tried, as permissions do not say it: a file system that is read only or made up refuses root as well. */
export function closedFor(folder: string): string | undefined {
  const probe = join(folder, `.supernode.${process.pid}.partial`);
  try {
    closeSync(openSync(probe, 'w'));
    rmSync(probe);
    return undefined;
  } catch (error) {
    return refusal(error) ?? String(error);
  }
}

/**
 * Writes a text as a file: whole, or what was there stays. In place where its folder takes no other file.
 * @throws WriteError
 */
export function writeWhole(path: string, text: string): void {
  const { partial, whole } = placesOf(path);
  try {
    if (partial === whole || (thereAt(whole) !== undefined && closedFor(dirname(whole)) !== undefined)) {
      writeFileSync(whole, text);
      return;
    }
    holdPartial(partial);
    writeFileSync(partial, text);
    putInPlace(partial, whole, text);
  } catch (error) {
    if (partial !== whole) rmSync(partial, { force: true });
    throw unwritten(path, error);
  } finally {
    releasePartial(partial);
  }
}

function putInPlace(partial: string, whole: string, text: string): void {
  try {
    renameSync(partial, whole);
  } catch (error) {
    // A single file that is mounted, as into a container, can be filled but not replaced.
    if (!(error instanceof Error && 'code' in error && error.code === 'EBUSY')) throw error;
    writeFileSync(whole, text);
    rmSync(partial, { force: true });
  }
}
