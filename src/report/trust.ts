import type { Section } from './block.ts';
import type { Summary } from './summary.ts';
import { requestsTable } from './usage.ts';
import { clause, count, duration, list, plain, quantity, sentence } from './wording.ts';

/** Which part of the run was measured, and whether it had settled. */
export function windowSection(summary: Summary): Section {
  const { window, saturation } = summary;
  const length = window.to - window.from;
  const measured =
    length > 0
      ? `Measured from ${quantity(window.from, 's')} to ${quantity(window.to, 's')} of a run of ${duration(summary.duration)}: ${duration(length)}, or ${plain(window.residences, 'mean request residences')}.`
      : `Nothing was measured in a run of ${duration(summary.duration)}.`;
  return {
    title: 'Warm-up and saturation',
    blocks: [
      { kind: 'sentences', tone: window.steady ? 'plain' : 'warn', lines: [`${measured} ${window.steady ? 'Steady:' : 'Not steady:'} ${clause(window.note)}`] },
      { kind: 'sentences', tone: saturation.saturated ? 'warn' : 'plain', lines: [sentence(saturation.note)] },
      requestsTable(summary),
    ],
  };
}

const shownDoubts = 24;

/** Doubts with the same words said once, with every place that they touch. */
export function doubtLines(doubts: Summary['doubts']): readonly string[] {
  const places = new Map<string, string[]>();
  for (const { rule, where, message } of doubts) {
    const text = `${sentence(message).replace(/\.$/, '')} [${rule}]`;
    const known = places.get(text) ?? [];
    if (where !== '' && !known.includes(where)) known.push(where);
    places.set(text, known);
  }
  const lines = [...places].map(([text, where]) => (where.length === 0 ? `${text}.` : `${text}: ${list(where)}.`));
  return lines.length <= shownDoubts ? lines : [...lines.slice(0, shownDoubts), `${count(lines.length - shownDoubts, 'doubt')} more in the JSON result.`];
}

/** How intervals came about, and what they show beside themselves. */
function intervalLines({ intervals, limit }: Summary): readonly string[] {
  if (intervals === undefined) return [];
  const { samples, requests, overloaded } = intervals;
  const runs = `Ranges are 80 % intervals, from ${count(samples, 'run')} of the first ${count(requests, 'request')} with prices, expert load, drafts, hosts and links as far off as they are known to be.`;
  return overloaded === 0
    ? [runs]
    : [runs, `The ${limit.resource} is asked for more than it sustains in ${count(overloaded, 'run')} of ${count(samples, 'run')}.`];
}

/** Where the model is out of its depth. */
export function doubtSection(summary: Summary): Section {
  const intervals = intervalLines(summary);
  return {
    title: 'Doubts',
    blocks: [
      ...(intervals.length === 0 ? [] : [{ kind: 'sentences' as const, tone: 'plain' as const, lines: intervals }]),
      summary.doubts.length === 0
        ? { kind: 'sentences', tone: 'plain', lines: ['None: every figure lies within its calibrated range.'] }
        : { kind: 'sentences', tone: 'warn', lines: doubtLines(summary.doubts) },
    ],
  };
}

export function reproduceLine({ reproduce, scenario }: Summary): string {
  return `${scenario}: supernode ${reproduce.version}, scenario ${reproduce.scenarioHash}, calibration ${reproduce.calibrationHash}, seed ${reproduce.seed}`;
}
