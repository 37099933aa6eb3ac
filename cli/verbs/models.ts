import process from 'node:process';
import { Command } from 'commander';
import { dataNames } from '../data.ts';
import { loadModelCard } from '../models.ts';
import { modelAsJson, modelsAsJson } from '../models/json.ts';
import { listModels, showModel } from '../models/text.ts';

interface Options {
  readonly json?: boolean;
}

/** `supernode models [NAME|PATH]`: lists the catalogue, or shows one model. */
export function command(): Command {
  return new Command('models')
    .argument('[model]', 'a name in the catalogue, or the path of a config.json, of a folder with one, or of a card')
    .option('--json', 'for machines: JSON, documented in docs/guide/models.md')
    .action((name: string | undefined, options: Options) => {
      process.stdout.write(`${name === undefined ? list(options) : show(name, options)}\n`);
    });
}

function list(options: Options): string {
  const cards = dataNames('models').map((name) => loadModelCard(name));
  return options.json === true ? modelsAsJson(cards) : listModels(cards);
}

function show(name: string, options: Options): string {
  const card = loadModelCard(name);
  return options.json === true ? modelAsJson(card) : showModel(card);
}
