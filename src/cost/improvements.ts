import { times } from '../catalogue/figure.ts';
import type { Machine, PlaneRole } from '../catalogue/machine.ts';
import type { Stack } from '../catalogue/stack.ts';
import type { Layout, Microbatches } from '../model/layout.ts';
import { paceOf, type InstanceBatch, type RankBatch, type StepCost } from './batch.ts';
import { settingIssues, type StepSetting } from './check.ts';
import { stepPricer } from './pricer.ts';

/** One change of a step and what it comes to, found by pricing the changed step. */
export interface Improvement {
  /** Such as `memory bandwidth +10 %`. */
  readonly name: string;
  /** [s] */
  readonly time: number;
  /** Relative change of the tokens that the instance handles in a second. */
  readonly gain: number;
}

interface Change {
  readonly name: string;
  readonly setting: StepSetting;
  readonly batch: InstanceBatch;
}

const more = 1.1;

/** What would help a step: each change on its own, what helps most first. Changes without any effect are left out. */
export function improvementsOf(setting: StepSetting, batch: InstanceBatch): readonly Improvement[] {
  const pace = (one: StepSetting, of: StepCost): number => paceOf(of, one.layout.pipeline);
  const before = batch.instanceTokens / pace(setting, stepPricer(setting).cost(batch));
  return changesOf(setting, batch)
    .filter((change) => settingIssues(change.setting).length === 0)
    .map(({ name, setting: changed, batch: other }): Improvement => {
      const cost = stepPricer(changed).cost(other);
      return { name, time: cost.time, gain: other.instanceTokens / pace(changed, cost) / before - 1 };
    })
    .filter(({ gain }) => Math.abs(gain) > 1e-6)
    .sort((a, b) => b.gain - a.gain);
}

function changesOf(setting: StepSetting, batch: InstanceBatch): readonly Change[] {
  const { machine, stack, layout } = setting;
  const { load } = layout.experts;
  const on = (name: string, changed: Partial<StepSetting>): Change => ({ name, setting: { ...setting, ...changed }, batch });
  return [
    on('memory bandwidth +10 %', { machine: withDie(machine, (die) => ({ ...die, memory: { ...die.memory, bandwidth: times(die.memory.bandwidth, more) } })) }),
    on('matrix rate +10 %', { machine: withMatrix(machine) }),
    on('vector rate +10 %', { machine: withDie(machine, (die) => ({ ...die, vector: { ...die.vector, peak: times(die.vector.peak, more) } })) }),
    ...(['package', 'scale-up', 'scale-out'] as const).flatMap((role) => {
      const plane = machine.planes.find((other) => other.role === role);
      return plane === undefined ? [] : [on(`${plane.name} (${role}) bandwidth +10 %`, { machine: withPort(machine, role) })];
    }),
    on('launches take half', { stack: withFloors(stack, 0.5) }),
    on('no gap of the host', { stack: { ...stack, hostGap: times(stack.hostGap, 0) } }),
    on('no spread between ranks', { stack: { ...stack, spread: { prefill: times(stack.spread.prefill, 0), decode: times(stack.spread.decode, 0) } } }),
    ...(load.kind === 'uniform' ? [] : [on('experts evenly loaded', { layout: { ...layout, experts: { ...layout.experts, load: { kind: 'uniform' } } } })]),
    ...othersThan(layout).map((microbatches) =>
      on(`${microbatches} ${microbatches === 1 ? 'microbatch' : 'microbatches'}`, { layout: { ...layout, microbatches } }),
    ),
    ...[2, 0.5].flatMap((factor): Change[] =>
      batch.rank.decodeSequences * factor + batch.rank.prefillSequences * factor < 1
        ? []
        : [{ name: `batch x ${factor}`, setting, batch: scaled(batch, factor) }],
    ),
  ];
}

/** One microbatch more, and one less. */
function othersThan({ microbatches, experts }: Layout): readonly Microbatches[] {
  const counts: readonly Microbatches[] = experts.apart === true ? [1, 2, 3, 4] : [1, 2];
  return counts.filter((count) => Math.abs(count - microbatches) === 1);
}

function withDie(machine: Machine, change: (die: Machine['chip']['die']) => Machine['chip']['die']): Machine {
  return { ...machine, chip: { ...machine.chip, die: change(machine.chip.die) } };
}

function withMatrix(machine: Machine): Machine {
  return withDie(machine, (die) => {
    const peaks = Object.fromEntries(
      Object.entries(die.matrix.peaks).flatMap(([format, entry]) =>
        entry === undefined
          ? []
          : [[format, { peak: times(entry.peak, more), ...(entry.ceiling === undefined ? {} : { ceiling: times(entry.ceiling, more) }) }]],
      ),
    );
    return { ...die, matrix: { ...die.matrix, peaks } };
  });
}

function withPort(machine: Machine, role: PlaneRole): Machine {
  const planes = machine.planes.map((plane) =>
    plane.role === role ? { ...plane, port: { ...plane.port, bandwidth: times(plane.port.bandwidth, more) } } : plane,
  );
  return { ...machine, planes };
}

function withFloors(stack: Stack, factor: number): Stack {
  const cells = stack.cells?.map((cell) => {
    const floor = cell.parameters['floor'];
    return floor === undefined ? cell : { ...cell, parameters: { ...cell.parameters, floor: floor * factor } };
  });
  return { ...stack, efficiencies: stack.efficiencies.map((entry) => ({ ...entry, floor: times(entry.floor, factor) })), cells };
}

function scaled({ rank, instanceTokens }: InstanceBatch, factor: number): InstanceBatch {
  const { queryTokens, ...sums } = rank;
  const grown = Object.fromEntries(Object.entries(sums).map(([key, value]) => [key, value * factor])) as Omit<RankBatch, 'queryTokens'>;
  return { rank: { ...grown, queryTokens }, instanceTokens: instanceTokens * factor };
}
