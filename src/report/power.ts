import type { Block, Section, TimeChart } from './block.ts';
import { bar, columns, row } from './cells.ts';
import { powerOf, type EnergySummary } from './energy/summary.ts';
import { energyGroups, type EnergyGroup } from './energy/sources.ts';
import { percentages } from './shares.ts';
import type { Summary } from './summary.ts';
import { count, list, percent, plain, quantity, sentence } from './wording.ts';

/** Power and cost where they are known; where not, why. */
export function powerSection(summary: Summary): Section {
  const { cost, energy, window } = summary;
  const watts = (value: number | undefined): string | undefined => (value === undefined ? undefined : quantity(value, 'W'));
  const per = (value: number | undefined, unit: string): string | undefined => (value === undefined ? undefined : plain(value, unit));
  const figures: readonly (readonly [string, string | undefined, 'optional'?])[] = [
    ['Power, mean of the window', watts(cost.power)],
    ['Power, highest interval', watts(cost.peakPower), 'optional'],
    ['Energy per output token', per(cost.joulesPerToken, 'J/tok')],
    ['Energy per token in or out', per(cost.joulesPerTotalToken, 'J/tok'), 'optional'],
    ['Output per megawatt', per(cost.tokensPerSecondPerMegawatt, 'tok/s/MW')],
    ['Cost of output tokens', per(cost.dollarsPerMillionTokens, '$/Mtok')],
    ['Cost of output tokens, as owned', per(cost.dollarsPerMillionTokensOwned, '$/Mtok'), 'optional'],
  ];
  const blocks: Block[] = [
    {
      kind: 'table',
      caption: 'Power and cost of the chips in use and of what belongs to them',
      columns: columns(['', 'figure']),
      rows: figures.flatMap(([name, value, optional]) => (value === undefined && optional !== undefined ? [] : [row(name, value ?? 'not known')])),
    },
  ];
  if (energy !== undefined) blocks.push(...energyBlocks(energy, window.to > window.from ? { from: window.from, to: window.to } : undefined));
  if (cost.note !== '') blocks.push({ kind: 'sentences', tone: 'plain', lines: [sentence(cost.note)] });
  return { title: 'Power and cost', blocks };
}

function energyBlocks(energy: EnergySummary, window: { readonly from: number; readonly to: number } | undefined): readonly Block[] {
  const { mean, parts, engines, scopes, series } = energy;
  const drawn = parts.filter(({ watts }) => watts > 0);
  const shares = drawn.map(({ watts }) => (mean > 0 && Number.isFinite(watts / mean) ? watts / mean : 0));
  const words = percentages(shares);
  const work = engines.reduce((sum, { watts }) => sum + watts, 0);
  const longest = Math.max(0, ...engines.map(({ watts }) => watts));
  const blocks: Block[] = [];
  if (drawn.length > 0)
    blocks.push({
      kind: 'stack',
      caption: `What draws the ${quantity(mean, 'W')}`,
      parts: drawn.map(({ name, watts }, i) => ({ name, share: shares[i] ?? 0, percentage: words[i] ?? '', value: quantity(watts, 'W'), spare: false })),
    });
  if (longest > 0)
    blocks.push({
      kind: 'bars',
      caption: `What the ${quantity(work, 'W')} of the chips at work go to`,
      rows: engines.map(({ name, watts }) => bar(name, watts / longest, quantity(watts, 'W'))),
    });
  if (scopes.length > 0)
    blocks.push({
      kind: 'table',
      caption: 'Mean power by place',
      columns: columns(['', 'in use', 'each']),
      rows: scopes.map(({ name, word, count: n, watts }) => row(name, count(n, word), quantity(watts, 'W'))),
    });
  const charts: readonly TimeChart[] = [
    {
      caption: 'Power',
      axis: 'power',
      unit: 'W',
      stacked: true,
      lines: energyGroups
        .filter((group) => series.some((point) => point[group] > 0))
        .map((group) => ({ name: groupNames[group], points: series.map((point) => ({ x: point.at, y: point[group] })) })),
    },
  ];
  if (series.some((point) => powerOf(point) > 0)) blocks.push({ kind: 'timeline', charts, window });
  blocks.push({ kind: 'sentences', tone: 'plain', lines: coverageLines(energy) });
  return blocks;
}

/** What each group of parts is called. */
export const groupNames: Readonly<Record<EnergyGroup, string>> = {
  rest: 'chips at rest',
  work: 'chips at work',
  hosts: 'hosts',
  fabric: 'fabric',
  cooling: 'cooling',
  losses: 'power supplies',
  facility: 'cooling of the site',
};

/** What the power stands on, and how it lies to what is stated for the machine. */
function coverageLines({ coverage, parts, mean, idle, max, stated, interval, joules, notes }: EnergySummary): readonly string[] {
  const { known, bounded, assumed } = coverage;
  const guessed = parts.filter(({ stands, watts }) => stands === 'assumed' && mean > 0 && watts / mean >= 0.005).sort((a, b) => b.watts - a.watts);
  return [
    `Of the mean power ${percent(known)} are figures of makers or measurements, ${percent(bounded)} activity under a maximum that is one, ${percent(assumed)} estimates${guessed.length === 0 ? '' : `: ${list(guessed.map(({ name, watts }) => `${name} ${quantity(watts, 'W')}`))}`}.`,
    `All parts draw ${quantity(idle, 'W')} idle and ${quantity(max, 'W')} at most${stated === undefined ? '' : `; ${quantity(stated, 'W')} are stated for this share of the machine`}. Intervals last ${quantity(interval, 's')}; the whole run takes ${quantity(joules, 'J')}.`,
    ...notes.map(sentence),
  ];
}
