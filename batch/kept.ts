import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { portable, restored } from '../schema/events/portable.ts';
import type { Shard } from '../src/report/merged/shard.ts';

/** Form of the files; another one is not read. */
const form = 1;

/** Shards that were finished, in a folder of their own, so that a batch that was cut short goes on where it was. */
export class KeptShards {
  readonly folder: string;

  /** @param folder that belongs to one scenario under one version: it is made when the first shard comes */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** By their places in the batch. What is broken, as after a full disk, is left out. */
  read(): ReadonlyMap<number, Shard> {
    const kept = new Map<number, Shard>();
    if (!existsSync(this.folder)) return kept;
    for (const file of readdirSync(this.folder)) {
      const place = /^(\d+)\.json$/.exec(file)?.[1];
      const shard = place === undefined ? undefined : shardIn(readFileSync(join(this.folder, file), 'utf8'));
      if (shard !== undefined) kept.set(Number(place), shard);
    }
    return kept;
  }

  write(index: number, shard: Shard): void {
    mkdirSync(this.folder, { recursive: true });
    const path = join(this.folder, `${index}.json`);
    // Whole or not at all, whenever the program ends.
    try {
      writeFileSync(`${path}.part`, JSON.stringify({ form, shard: portable(shard, []) }));
      renameSync(`${path}.part`, path);
    } catch (error) {
      rmSync(`${path}.part`, { force: true });
      throw error;
    }
  }

  /** Nothing is left to go on with. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function shardIn(text: string): Shard | undefined {
  try {
    const file = JSON.parse(text) as { readonly form?: unknown; readonly shard?: unknown };
    return file.form === form ? (restored(file.shard, []) as Shard) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
