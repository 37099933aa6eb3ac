import { chipCount, type Machine } from '../catalogue/machine.ts';
import type { Summary } from './summary.ts';

/**
 * Power and cost of the chips in use. Power is the machine's all-in power at full load in proportion to its chips, or the chips'
 * thermal design power where that is all that is known: an upper bound until energy is modelled by activity.
 */
export function costOf(machine: Machine, chipsUsed: number, outputTokensPerSecond: number): Summary['cost'] {
  const share = chipsUsed / chipCount(machine);
  const allIn = machine.power === undefined ? undefined : machine.power.value * share;
  const power = allIn ?? machine.chip.power.max.value * chipsUsed;
  const perChip = machine.hourly?.value ?? machine.chip.price?.value;
  const notes = [
    allIn === undefined
      ? `power is the chips' design maximum, without hosts and fabric (${machine.chip.power.max.kind})`
      : `power is the machine's maximum for the share of chips in use (${machine.power?.kind})`,
    perChip === undefined ? 'no hourly price is known' : `price: ${(machine.hourly ?? machine.chip.price)?.source ?? ''}`,
  ];
  const served = outputTokensPerSecond > 0;
  return {
    power,
    joulesPerToken: served ? power / outputTokensPerSecond : undefined,
    tokensPerSecondPerMegawatt: power > 0 ? outputTokensPerSecond / (power / 1e6) : undefined,
    dollarsPerMillionTokens: served && perChip !== undefined ? ((perChip * chipsUsed) / outputTokensPerSecond) * 1e6 : undefined,
    note: notes.join('; '),
  };
}
