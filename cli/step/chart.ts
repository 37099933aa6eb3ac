import type { GroupExplanation } from '../../src/cost/explain.ts';
import { formatTime } from '../../src/base/quantity.ts';

const width = 72;
const marks = ['█', '▒', '▓', '░'];
const ordinals = ['first microbatch', 'second', 'third', 'fourth'];

/** The steady layer as it runs: a line for each stream, each microbatch in a shade of its own. */
export function timelineChart({ timeline, layerTime }: GroupExplanation): readonly string[] {
  const streams = [...new Set(timeline.map(({ stream }) => stream))].sort((a, b) => (a < b ? -1 : 1));
  const name = Math.max(...streams.map(({ length }) => length));
  const lines = streams.map((stream) => {
    const cells = Array.from({ length: width }, () => ' ');
    for (const bar of timeline) {
      if (bar.stream !== stream) continue;
      const from = Math.round((bar.start / layerTime) * width);
      const to = Math.min(width, Math.round((bar.end / layerTime) * width));
      for (let i = from; i < to; i++) cells[i] = marks[bar.microbatch] ?? '█';
    }
    return `  ${stream.padEnd(name)} │${cells.join('')}│`;
  });
  const end = formatTime(layerTime);
  const count = Math.max(2, ...timeline.map(({ microbatch }) => microbatch + 1));
  const legend = ordinals
    .slice(0, count)
    .map((ordinal, i) => `${marks[i] ?? ''} ${ordinal}`)
    .join(', ');
  return [...lines, `  ${' '.repeat(name)} 0${' '.repeat(Math.max(1, width + 1 - end.length))}${end}`, `  ${' '.repeat(name)}  ${legend}`];
}
