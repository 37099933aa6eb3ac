import type { GroupExplanation } from '../../src/cost/explain.ts';
import { formatTime } from '../../src/base/quantity.ts';

const width = 72;
const marks = ['█', '▒'];

/** The steady layer as it runs: a line for each stream, the two microbatches in two shades. */
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
  return [...lines, `  ${' '.repeat(name)} 0${' '.repeat(Math.max(1, width + 1 - end.length))}${end}`, `  ${' '.repeat(name)}  █ first microbatch, ▒ second`];
}
