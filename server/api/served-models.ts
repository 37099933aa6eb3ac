import { runs } from '../../src/serving/place.ts';
import type { Plant } from '../../src/serving/plant.ts';
import type { RequestTable } from '../../src/serving/request-table.ts';
import type { Scenario } from '../../src/serving/scenario.ts';
import { ApiError } from '../http/api-error.ts';

/** What a name of a model stands for in the engine. */
export interface ServedModel {
  readonly id: string;
  /** Number among the models that the deployment serves. */
  readonly model: number;
  /** 0 is the model itself. */
  readonly adapter: number;
  /** Of an adapter: what it adapts, and where it is said to come from. */
  readonly parent?: string | undefined;
  readonly root: string;
  /** Prompt and answer together. [tokens] */
  readonly maxContext: number;
}

export interface ModelNames {
  /** Instead of the name of the scenario's first model. */
  readonly served?: readonly string[] | undefined;
  /** A bound below what the deployment takes. [tokens] */
  readonly maxContext?: number | undefined;
  /** What tokenizers of clients are looked for under. */
  readonly root?: string | undefined;
}

/** The models that clients may name, and the adapters that they load. */
export class ServedModels {
  readonly #bases: readonly ServedModel[];
  readonly #adapters = new Map<string, ServedModel>();
  /** Numbers of adapters by name: a name that was unloaded and comes again is the same adapter. */
  readonly #numbers = new Map<string, number>();
  readonly takesAdapters: boolean;
  readonly #slots: number;
  readonly createdAt: number;

  constructor(scenario: Scenario, plant: Plant, { served = [], maxContext = Infinity, root }: ModelNames, createdAt: number) {
    this.createdAt = createdAt;
    this.takesAdapters = plant.pools.some(({ adapters }) => adapters !== undefined);
    this.#slots = Math.max(0, ...plant.pools.map(({ adapters }) => adapters?.slots ?? 0));
    const limit = (m: number): number => Math.min(maxContext, (plant.models?.[m] ?? plant).maxContext);
    const names = served.length > 0 ? served : [scenario.model.name];
    const first = names.map((id) => ({ id, model: 0, adapter: 0, root: root ?? id, maxContext: limit(0) }));
    const others = (scenario.others ?? []).map(({ model }, i) => ({ id: model.name, model: i + 1, adapter: 0, root: model.name, maxContext: limit(i + 1) }));
    this.#bases = [...first, ...others];
  }

  get first(): ServedModel {
    return this.#bases[0] as ServedModel;
  }

  /** Models and adapters. */
  get all(): readonly ServedModel[] {
    return [...this.#bases, ...this.#adapters.values()];
  }

  /** @throws ApiError 404 for a name that is not served */
  find(name: string | null | undefined): ServedModel {
    if (name === null || name === undefined || name === '') return this.first;
    const found = this.#bases.find(({ id }) => id === name) ?? this.#adapters.get(name);
    if (found === undefined) throw new ApiError(404, `The model \`${name}\` does not exist.`, { param: 'model' });
    return found;
  }

  /** @throws ApiError 400 where the deployment takes none, or the name is taken */
  load(name: string, root: string, base?: string | null): void {
    if (!this.takesAdapters)
      throw new ApiError(400, 'The deployment serves no adapters; expected deployment.merged.lora in its scenario', { param: 'lora_name' });
    if (this.#adapters.has(name) || this.#bases.some(({ id }) => id === name))
      throw new ApiError(400, `The lora adapter '${name}' has already been loaded.`, { type: 'InvalidUserInput', param: 'lora_name' });
    const parent = this.find(base);
    const adapter = this.#numbers.get(name) ?? this.#numbers.size + 1;
    this.#numbers.set(name, adapter);
    this.#adapters.set(name, { id: name, model: parent.model, adapter, parent: parent.id, root, maxContext: parent.maxContext });
  }

  /** @throws ApiError 404 where there is none of this name */
  unload(name: string): void {
    if (!this.#adapters.delete(name)) throw new ApiError(404, `The lora adapter '${name}' cannot be found.`, { param: 'lora_name' });
  }

  /** Adapters that requests run with, and those that requests only wait with, as metrics tell it. @param at [s since 1970] */
  adaptersNow(
    table: RequestTable,
    at: number,
  ): { readonly max: number; readonly running: readonly string[]; readonly waiting: readonly string[]; readonly at: number } {
    const running = new Set<number>();
    const waiting = new Set<number>();
    for (const slot of table.slots()) (runs(table.place[slot] as number) ? running : waiting).add(table.adapter[slot] as number);
    const names = (of: (adapter: number) => boolean): readonly string[] => [...this.#numbers].flatMap(([name, adapter]) => (of(adapter) ? [name] : []));
    return { max: this.#slots, running: names((one) => running.has(one)), waiting: names((one) => waiting.has(one) && !running.has(one)), at };
  }

  /** A model or an adapter as servers describe it. */
  cardOf({ id, root, parent, maxContext }: ServedModel, dialect: 'vllm' | 'sglang'): object {
    const card = { id, object: 'model', created: this.createdAt, owned_by: dialect, root, parent: parent ?? null, max_model_len: maxContext };
    return dialect === 'vllm' ? { ...card, permission: [permissionOf(id, this.createdAt)] } : card;
  }
}

/** What may be done with a model, as OpenAI's API once told it and vLLM still does. */
function permissionOf(id: string, created: number): object {
  return {
    id: `modelperm-${id}`,
    object: 'model_permission',
    created,
    allow_create_engine: false,
    allow_sampling: true,
    allow_logprobs: true,
    allow_search_indices: false,
    allow_view: true,
    allow_fine_tuning: false,
    organization: '*',
    group: null,
    is_blocking: false,
  };
}
