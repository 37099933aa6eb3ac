import type { Machine, Plane } from '../catalogue/machine.ts';
import { planeOf } from '../catalogue/machine.ts';
import { engines, type Engine } from './batch.ts';

/** How far busy engines move a chip from its idle power towards its maximum: shares of the range between the two. */
export interface DieActivity {
  /** While any kernel runs. */
  readonly running: number;
  /** What each engine adds at its full rate, in the order of `engines`. */
  readonly engines: readonly number[];
}

const host = engines.indexOf('host');

/** Of the chips of a machine; undefined where their idle power or what activity draws is not known. */
export function activityOf(machine: Machine): DieActivity | undefined {
  const { chip, powerFacts } = machine;
  if (powerFacts === undefined || chip.power.idle === undefined) return undefined;
  const range = chip.power.max.value - chip.power.idle.value;
  if (range <= 0) return undefined;
  const { running, matrix, vector, memory, link } = powerFacts.activity;
  const portShare = (plane: Plane | undefined): number => (plane === undefined ? 0 : (bothWays * portsOf(machine, plane) * link.value) / range);
  const shareOf = (engine: Engine): number => {
    switch (engine) {
      case 'matrix':
        return matrix.value;
      case 'vector':
        return vector.value;
      case 'memory':
        return (chip.dies * chip.die.memory.bandwidth.value * memory.value) / range;
      case 'scale-up':
      case 'scale-out':
        return portShare(planeOf(machine, engine));
      case 'host':
        return 0;
    }
  };
  return { running: running.value, engines: engines.map(shareOf) };
}

/** A port that is busy sends and receives. */
const bothWays = 2;

/** Bandwidth of the ports of one chip, one way. [B/s] */
function portsOf({ chip, node }: Machine, { port }: Plane): number {
  const { owner, bandwidth } = port;
  return owner === 'die' ? chip.dies * bandwidth.value : owner === 'chip' ? bandwidth.value : bandwidth.value / node.chips;
}

/**
 * Time at maximum power that would draw what a step draws over idle: at most the step less what the host takes, in which dies wait. All dies are
 * taken to be as busy as the one that the others wait for. [s]
 */
export function activeTime(activity: DieActivity | undefined, { time, busy }: { readonly time: number; readonly busy: ArrayLike<number> }): number {
  const running = Math.max(0, time - (busy[host] as number));
  if (activity === undefined) return running;
  let active = activity.running * running;
  for (let e = 0; e < busy.length; e++) active += (activity.engines[e] as number) * (busy[e] as number);
  return Math.min(running, active);
}
