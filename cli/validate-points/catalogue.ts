import type { OverheadProfile } from '../../schema/overheads.ts';
import { readConventions, type PointConventions } from '../../schema/points/conventions.ts';
import type { ScenarioContext } from '../../schema/scenario/read.ts';
import type { Machine } from '../../src/catalogue/machine.ts';
import type { Stack } from '../../src/catalogue/stack.ts';
import type { Model } from '../../src/model/model.ts';
import { precisionOf } from '../../src/model/precision.ts';
import { loadMachine } from '../machines.ts';
import { contextAt } from '../scenario.ts';
import { loadStack } from '../stacks.ts';
import { parseFile } from '../data.ts';
import { fileURLToPath } from 'node:url';
import { modelIn } from './models.ts';

const conventionsPath = fileURLToPath(new URL('../../data/serving-points.yaml', import.meta.url));

/** What rows name, each read once: equal names give the same object, so that runs of equal settings can share their pricers. */
export class PointCatalogue {
  readonly conventions: PointConventions = readConventions(parseFile(conventionsPath), conventionsPath);
  readonly #machines: Map<string, Machine> = new Map();
  readonly #stacks: Map<string, Stack> = new Map();
  readonly #instead: { readonly overheads: () => readonly OverheadProfile[] } | undefined;
  readonly #bare: Map<string, Stack> = new Map();
  readonly #models: Map<string, Model> = new Map();

  /** `overheads`: instead of the shipped ones. */
  constructor(overheads?: readonly OverheadProfile[]) {
    this.#instead = overheads === undefined ? undefined : { overheads: () => overheads };
  }

  machine(name: string, at: string): Machine {
    return once(this.#machines, name, () => loadMachine(name, at));
  }

  stack(name: string, at: string): Stack {
    return once(this.#stacks, name, () => loadStack(name, at, undefined, this.#instead));
  }

  /** @throws InputError, see `modelIn` */
  model(card: string, published: string, precision: string): Model {
    const organisation = published.includes('/') ? (published.split('/')[0] ?? '') : '';
    return once(this.#models, `${card} ${organisation} ${precision}`, () => modelIn(card, published, precision, this.conventions.checkpoints));
  }

  /** How a scenario finds what it names; `model` is the one of its row; a client of its own brings nothing of the front end's time of other versions. */
  context(model: Model, { ownClient = false }: { readonly ownClient?: boolean | undefined } = {}): ScenarioContext {
    return {
      ...contextAt('.'),
      machine: (name, at) => this.machine(name, at),
      stack: (name, at) => (ownClient ? once(this.#bare, name, () => ({ ...this.stack(name, at), intake: undefined })) : this.stack(name, at)),
      model: () => model,
      precision: precisionOf,
    };
  }
}

function once<T>(known: Map<string, T>, name: string, make: () => T): T {
  const found = known.get(name);
  if (found !== undefined) return found;
  const made = make();
  known.set(name, made);
  return made;
}
