import type { Run } from '../../serving/deploy.ts';
import type { Life, Place } from './life.ts';
import { columnsOf, type Row, type TableColumn } from './table.ts';

/** Columns of the table of requests: a row for each that ended, in that order, then those in flight where a run was cut short. */
export const requestColumns: readonly TableColumn[] = [
  ...columnsOf('integer', 'request'),
  ...columnsOf('text', 'outcome', 'cause'),
  ...columnsOf('number', 'arrived_at', 'ready_at', 'scheduled_at', 'prefilled_at', 'reserved_at', 'moved_at', 'joined_at', 'first_token_at', 'finished_at'),
  ...columnsOf('integer', 'input_tokens', 'output_tokens', 'cached_tokens', 'preemptions', 'interruptions'),
  ...columnsOf('number', 'ttft', 'tpot', 'e2e'),
  ...placeColumns('prefill'),
  ...placeColumns('decode'),
  ...columnsOf('text', 'tenant'),
  ...columnsOf('integer', 'priority'),
  ...columnsOf('text', 'model'),
  ...columnsOf('integer', 'adapter'),
];

/** Names of what requests say by numbers. */
export interface LabelNames {
  /** Empty where nobody is named. */
  readonly tenants: readonly string[];
  readonly models: readonly string[];
}

export function labelNames({ scenario: { model, others = [] }, deployed }: Run): LabelNames {
  const names = (list: readonly { readonly name: string }[]): readonly string[] => list.map(({ name }) => name);
  return { tenants: names(deployed.plant.tenants ?? []), models: names([model, ...others.map((other) => other.model)]) };
}

function placeColumns(phase: string): readonly TableColumn[] {
  return [...columnsOf('text', `${phase}_pool`), ...columnsOf('integer', `${phase}_instance`, `${phase}_rank`)];
}

/** A request as a row. One that decodes where it was prefilled has the same place twice. */
export function requestRow(life: Life, names: LabelNames): Row {
  const { request, outcome, cause, arrived, firstToken, ended, inputTokens, outputTokens, cachedTokens, preemptions, interruptions, prefill } = life;
  const finished = outcome === 'finished' ? ended : undefined;
  const ttft = firstToken === undefined ? undefined : firstToken - arrived;
  const e2e = finished === undefined ? undefined : finished - arrived;
  const tpot = ttft === undefined || e2e === undefined || outputTokens === undefined || outputTokens < 2 ? undefined : (e2e - ttft) / (outputTokens - 1);
  const decode = life.decode ?? (outcome === 'finished' ? prefill : undefined);
  const values = [
    request,
    outcome,
    cause,
    arrived,
    life.ready,
    life.scheduled,
    life.prefilled,
    life.reserved,
    life.moved,
    life.joined,
    firstToken,
    finished,
    inputTokens,
    outputTokens,
    cachedTokens,
    preemptions,
    interruptions,
    ttft,
    tpot,
    e2e,
    ...placeValues(prefill),
    ...placeValues(decode),
    ...labelValues(life, names),
  ];
  return values.map((value) => value ?? null);
}

function placeValues(place: Place | undefined): readonly (number | string | undefined)[] {
  return [place?.pool, place?.instance, place?.rank];
}

/** Adapter 0 is the model itself. */
function labelValues({ labels }: Life, { tenants, models }: LabelNames): readonly (number | string | undefined)[] {
  const { tenant, priority, model, adapter } = labels ?? { tenant: 0, priority: 0, model: 0, adapter: 0 };
  return [tenants[tenant], priority, models[model], adapter === 0 ? undefined : adapter];
}
