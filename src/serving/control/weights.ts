import type { BytesPerSecond, Seconds } from '../../base/units.ts';
import type { StepSetting } from '../../cost/check.ts';
import { planeOf, type Machine, type Plane } from '../../catalogue/machine.ts';
import { instanceDies } from '../../model/layout.ts';
import { weightBytes, weightBytesPerDie } from '../../model/weights.ts';
import { dieBandwidth, pathOf } from '../../network/reach.ts';
import type { Weights } from './control.ts';
import type { WeightsOf } from './loader.ts';

/**
 * The weights of one instance. Those of its fullest die set the time: they are counted on all its dies. Each die takes in what its software does, or what its link to the
 * memory allows, whichever is less.
 */
export function weightsOf({ machine, model, precision, layout }: StepSetting, { place, perDie }: Weights): WeightsOf {
  const sum = (parts: readonly { readonly bytes: number }[]): number => parts.reduce((total, { bytes }) => total + bytes, 0);
  const link = place === 'pooled' ? pooledPerDie(machine) : localPerDie(machine);
  return {
    name: `${model.name} ${precision.weights} ${precision.experts}`,
    stored: sum(weightBytes(model, precision)),
    placed: sum(weightBytesPerDie(model, precision, layout)) * instanceDies(layout),
    intake: instanceDies(layout) * Math.min(perDie, link),
  };
}

/** What it takes to move the weights of the fullest die of an instance to host memory or back, at the rate of its link: as for models that sleep and wake. [s] */
export function swapTime({ machine, model, precision, layout }: StepSetting): Seconds {
  const bytes = weightBytesPerDie(model, precision, layout).reduce((total, part) => total + part.bytes, 0);
  return bytes / localPerDie(machine);
}

/** What the host memory of all nodes gives out together, one way: through the CPUs' own ports, or those of the dies where CPUs have none. */
export function hostMemoryRate(machine: Machine): BytesPerSecond {
  const plane = memoryPlane(machine);
  const { cpus, chips } = machine.node;
  if (plane === undefined) return Infinity;
  const perNode =
    plane.cpuPort === undefined ? (plane.port.owner === 'node' ? 1 : chips * machine.chip.dies) * stream(machine, plane) : cpus * plane.cpuPort.value;
  return machine.nodes * perNode;
}

/** The plane over which dies read the host memory of other nodes. */
export function memoryPlane(machine: Machine): Plane | undefined {
  const scaleUp = planeOf(machine, 'scale-up');
  return scaleUp?.cpuPort !== undefined ? scaleUp : (planeOf(machine, 'scale-out') ?? scaleUp ?? planeOf(machine, 'front-end'));
}

function pooledPerDie(machine: Machine): BytesPerSecond {
  const plane = memoryPlane(machine);
  if (plane === undefined) return localPerDie(machine);
  return pathOf(plane, 'machine', 'read', 'cpu')?.bandwidth.value ?? stream(machine, plane);
}

/** What one die takes in from the memory of its own node, whose CPU ports its dies share. */
export function localPerDie(machine: Machine): BytesPerSecond {
  const host = planeOf(machine, 'host');
  if (host !== undefined) return stream(machine, host);
  const plane = memoryPlane(machine);
  if (plane === undefined) return Infinity;
  const { cpus, chips } = machine.node;
  const own = pathOf(plane, 'node', 'read', 'cpu')?.bandwidth.value ?? stream(machine, plane);
  return plane.cpuPort === undefined ? own : Math.min(own, (cpus * plane.cpuPort.value) / (chips * machine.chip.dies));
}

function stream(machine: Machine, plane: Plane): BytesPerSecond {
  return dieBandwidth(machine, plane) * plane.efficiency.value;
}
