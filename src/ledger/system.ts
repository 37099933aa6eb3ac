import { unreachable } from '../base/errors.ts';
import type { NumberFormat } from '../catalogue/format.ts';
import type { Machine } from '../catalogue/machine.ts';
import { totalsOf } from '../catalogue/totals.ts';
import { kvBytesPerToken } from '../model/kv.ts';
import type { Model } from '../model/model.ts';
import { parametersOf } from '../model/parameters.ts';
import { precisionOf } from '../model/precision.ts';
import { weightBytes } from '../model/weights.ts';
import type { Unit } from './measure.ts';

/** What can be counted of a machine. */
export const machineFigures = [
  'chips',
  'dies',
  'cpus',
  'nodes',
  'racks',
  'switch-chips',
  'links',
  'optical-modules',
  'plane-bandwidth',
  'plane-bandwidth-both-ways',
  'memory',
  'memory-bandwidth',
  'peak',
  'power',
] as const;
export type MachineFigure = (typeof machineFigures)[number];

/** What can be counted of a model. */
export const modelFigures = ['parameters', 'active-parameters', 'kv-bytes-per-token', 'weights'] as const;
export type ModelFigure = (typeof modelFigures)[number];

const units: Readonly<Partial<Record<MachineFigure | ModelFigure, Unit>>> = {
  'plane-bandwidth': 'B/s',
  'plane-bandwidth-both-ways': 'B/s',
  memory: 'B',
  'memory-bandwidth': 'B/s',
  peak: 'flop/s',
  power: 'W',
  'kv-bytes-per-token': 'B',
  weights: 'B',
};

/** The unit of a figure; counts have none. */
export function unitOfSystem(figure: MachineFigure | ModelFigure): Unit {
  return units[figure] ?? '';
}

export interface MachineCount {
  readonly of: 'machine';
  readonly figure: MachineFigure;
  readonly machine: Machine;
  /** Whose switches, links, modules or bandwidth; modules of all planes where it is absent. */
  readonly plane?: string | undefined;
  /** Which switches; those of all levels where it is absent. */
  readonly level?: string | undefined;
  /** Of a peak. */
  readonly format: NumberFormat;
}

export interface ModelCount {
  readonly of: 'model';
  readonly figure: ModelFigure;
  readonly model: Model;
  /** Of weights or KV; as published where it is absent. */
  readonly format?: NumberFormat | undefined;
}

/** A sum over the parts of a machine or the tensors of a model; NaN for a part that is not there. */
export function systemValue(count: MachineCount | ModelCount): number {
  return count.of === 'model' ? ofModel(count) : ofMachine(count);
}

function ofModel({ figure, model, format }: ModelCount): number {
  switch (figure) {
    case 'parameters':
      return parametersOf(model).total;
    case 'active-parameters':
      return parametersOf(model).active;
    case 'weights':
      return weightBytes(model, precisionOf(model, { weights: format })).reduce((sum, { bytes }) => sum + bytes, 0);
    case 'kv-bytes-per-token':
      return kvBytesPerToken(model, format ?? precisionOf(model).kv).main;
    default:
      return unreachable(figure);
  }
}

function ofMachine({ figure, machine, plane: wanted, level, format }: MachineCount): number {
  const totals = totalsOf(machine);
  const plane = totals.planes.find(({ name, role }) => (wanted === undefined ? role === 'scale-up' : name === wanted));
  const levels = plane?.levels.filter(({ name }) => level === undefined || name === level) ?? [];
  switch (figure) {
    case 'chips':
    case 'dies':
    case 'cpus':
      return totals[figure];
    case 'nodes':
      return machine.nodes;
    case 'racks':
      return machine.racks === undefined ? Number.NaN : machine.racks.compute + machine.racks.communication;
    case 'switch-chips':
      return levels.reduce((sum, { chips }) => sum + chips, 0);
    case 'links':
      return levels.reduce((sum, { uplinks }) => sum + uplinks, 0);
    case 'optical-modules':
      return (wanted === undefined ? totals.opticalModules : plane?.opticalModules) ?? Number.NaN;
    case 'plane-bandwidth':
      return plane?.oneWay ?? Number.NaN;
    case 'plane-bandwidth-both-ways':
      return plane?.bothWays ?? Number.NaN;
    case 'memory':
      return totals.memory.capacity;
    case 'memory-bandwidth':
      return totals.memory.bandwidth;
    case 'peak':
      return totals.peaks.find((peak) => peak.format === format)?.total ?? Number.NaN;
    case 'power':
      return machine.power?.value ?? Number.NaN;
    default:
      return unreachable(figure);
  }
}
