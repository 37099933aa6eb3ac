import type { TenantPlant } from './plant.ts';
import type { RequestView } from './policies/router.ts';
import type { WaitingView } from './policies/scheduler.ts';
import type { ServiceLevel } from './scenario.ts';
import type { RequestTable } from './request-table.ts';

/** What policies see of requests in the table: never the length of an answer. One object, pointed at one slot after another. */
export class RequestInTable implements RequestView {
  readonly table: RequestTable;
  slot = -1;

  constructor(table: RequestTable) {
    this.table = table;
  }

  get promptTokens(): number {
    return this.table.prompt[this.slot];
  }

  get tenant(): number {
    return this.table.tenant[this.slot];
  }

  get priority(): number {
    return this.table.priority[this.slot];
  }
}

/** @param tenants objectives of tenants, by number, over those of all */
export function waitingView(table: RequestTable, slo: ServiceLevel, tenants: readonly TenantPlant[]): WaitingView {
  return {
    priority: (slot) => table.priority[slot],
    tenant: (slot) => table.tenant[slot],
    promptTokens: (slot) => table.prompt[slot],
    deadline: (slot) => table.arrivedAt[slot] + (tenants[table.tenant[slot]]?.slo.ttft ?? slo.ttft ?? Infinity),
  };
}
