import { chipCount, type Machine } from '../catalogue/machine.ts';
import type { EnergySummary } from './energy/summary.ts';
import type { Summary } from './summary.ts';

/** Tokens of a window. [1/s] */
interface TokenRates {
  readonly input: number;
  readonly output: number;
}

/** Power and cost of the chips in use, by what they drew. */
export function costOf(machine: Machine, chipsUsed: number, energy: EnergySummary, { input, output }: TokenRates): Summary['cost'] {
  const { mean, peak } = energy;
  const rented = machine.hourly ?? machine.chip.price;
  const owned = ownedOf(machine, chipsUsed, mean);
  const served = output > 0;
  const perMillion = (rate: number | undefined): number | undefined => (served && rate !== undefined ? (rate / output) * 1e6 : undefined);
  const prices = [
    rented === undefined ? undefined : `price of an hour: ${rented.source}`,
    owned === undefined ? undefined : `${rented === undefined ? 'price: ' : ''}purchase (${machine.price?.source ?? ''}) over its life, and electricity`,
  ].filter((note) => note !== undefined);
  return {
    power: mean,
    peakPower: peak,
    joulesPerToken: served ? mean / output : undefined,
    joulesPerTotalToken: input + output > 0 ? mean / (input + output) : undefined,
    tokensPerSecondPerMegawatt: mean > 0 ? output / (mean / 1e6) : undefined,
    dollarsPerMillionTokens: perMillion(rented === undefined ? owned : rented.value * chipsUsed),
    basis: rented !== undefined ? 'hourly' : owned !== undefined ? 'owned' : undefined,
    dollarsPerMillionTokensOwned: perMillion(owned),
    note: ['power is by activity', ...(prices.length === 0 ? ['no price is known'] : prices)].join('; '),
  };
}

/** What owning the share of the machine in use takes: its purchase over its life, and electricity. [$/s] */
function ownedOf(machine: Machine, chipsUsed: number, power: number): number | undefined {
  const { price, powerFacts } = machine;
  if (price === undefined || powerFacts === undefined) return undefined;
  const { life, electricity } = powerFacts.ownership;
  return (price.value * chipsUsed) / chipCount(machine) / life.value + power * electricity.value;
}
