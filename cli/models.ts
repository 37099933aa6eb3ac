import { existsSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { readModelCard, type ModelCard } from '../schema/model.ts';
import { InputError } from '../src/base/errors.ts';
import type { Model } from '../src/model/model.ts';
import { readData } from './data.ts';

/**
 * A model with its origin by its name in the catalogue, by the path of a card or of a `config.json`, or by the path of a folder with a
 * `config.json` in it (relative to `base`). `at` names the key or flag in errors.
 * @throws InputError with every problem of the file.
 */
export function loadModelCard(nameOrPath: string, at: string = 'model', base?: string): ModelCard {
  const path = resolve(base ?? '', nameOrPath);
  const named = /[/\\]/.test(nameOrPath);
  if (nameOrPath.trim() === '') throw new InputError([{ path: at, message: 'expected the name of a model or a path, got nothing' }]);
  const folder = existsSync(path) && statSync(path).isDirectory();
  if (folder && named && !existsSync(join(path, 'config.json'))) throw new InputError([{ path: at, message: `no config.json in the folder ${nameOrPath}` }]);
  const file = readData('models', folder && existsSync(join(path, 'config.json')) ? join(path, 'config.json') : nameOrPath, at, base);
  const name = basename(file.path) === 'config.json' ? basename(dirname(file.path)) : basename(file.path, extname(file.path));
  return readModelCard(file.value, named || extname(nameOrPath) === '.json' ? nameOrPath : file.path, name);
}

/** A model by name or path, as `loadModelCard` finds it. */
export function loadModel(nameOrPath: string, at: string = 'model', base?: string): Model {
  return loadModelCard(nameOrPath, at, base).model;
}
