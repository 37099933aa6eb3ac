import { formatTime, significant } from '../../base/quantity.ts';
import type { GroupExplanation, OperatorExplanation, StepExplanation } from '../../cost/explain.ts';

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

/** What holds the iteration back, in words. */
export function bottleneckOf({ time, operators, groups, hostGap }: StepExplanation): string {
  const total = new Map<string, number>();
  for (const { name, exposed } of operators) total.set(name, (total.get(name) ?? 0) + exposed);
  const [name, exposed] = [...total].reduce((most, entry) => (entry[1] > most[1] ? entry : most), ['', 0]);
  if (hostGap > exposed) return `the host: a gap of ${formatTime(hostGap)} behind every iteration, ${percent(hostGap / time)} of it`;
  const main = operators.filter((operator) => operator.name === name).reduce((most, operator) => (operator.exposed > most.exposed ? operator : most));
  const group = groups.find((other) => other.name === main.group);
  return `${name}, ${formatTime(exposed)} of ${formatTime(time)} (${percent(exposed / time)}), ${boundText(main)}${group === undefined ? '' : streamsText(group)}`;
}

function boundText({ bound, intensity, ridge }: OperatorExplanation): string {
  const position = ridge > 0 ? ` (${significant(intensity)} flop/B against a ridge of ${significant(ridge)})` : '';
  switch (bound) {
    case 'compute':
      return `bound by the matrix cores${position}`;
    case 'vector':
      return 'bound by the vector cores';
    case 'memory':
      return `bound by the memory bandwidth${position}`;
    case 'network':
      return 'bound by the network';
    case 'launch':
      return 'bound by its launch';
    case 'ranks':
      return 'which is waiting for the slowest rank';
    case 'host':
      return 'for which the dies wait';
  }
}

/** How much of a layer each stream runs. */
function streamsText({ timeline, layerTime }: GroupExplanation): string {
  const streams = [...new Set(timeline.map(({ stream }) => stream))];
  if (streams.length < 2) return '';
  const parts = streams.map((stream) => {
    const busy = timeline.filter((bar) => bar.stream === stream).reduce((sum, { start, end }) => sum + Math.min(end, layerTime) - start, 0);
    return `${stream} is busy ${percent(busy / layerTime)} of a layer`;
  });
  return `; of the streams ${parts.join(', ')}`;
}
