import type { Block, Section } from './block.ts';
import { bar } from './cells.ts';
import { areWhole, percentages } from './shares.ts';
import type { PoolSummary, Share, Summary } from './summary.ts';
import { percent, quantity } from './wording.ts';

/** Shares as bars, the longest one full; a last line adds up what is one whole. */
function shareBars(caption: string, shares: readonly Share[]): Block {
  const longest = Math.max(1e-12, ...shares.map(({ share }) => (Number.isFinite(share) ? share : 0)));
  const words = percentages(shares.map(({ share }) => share));
  const rows = shares.map(({ name, time, share }, index) => bar(name, share / longest, words[index] ?? '', quantity(time, 's')));
  if (areWhole(shares.map(({ share }) => share)))
    rows.push(
      bar(
        'together',
        0,
        '100.0 %',
        quantity(
          shares.reduce((sum, { time }) => sum + time, 0),
          's',
        ),
      ),
    );
  return { kind: 'bars', caption, rows };
}

/** The same step by who is at work: the stages are those of the slowest rank, which the others wait for. */
function barrierBlocks({ name, barrier }: PoolSummary): readonly Block[] {
  if (barrier.samples === 0) return [];
  const { share, time, error } = barrier;
  const range = error > 0 ? ` ± ${percent(error)}` : '';
  return [
    {
      kind: 'bars',
      caption: `Ranks of ${name} in the mean step`,
      rows: [
        bar('at work', 1 - share, percent(1 - share), 'the mean rank', 'plain'),
        bar('barrier', share, percent(share), `${quantity(time, 's')}${range}: waiting for the slowest rank`, share >= 0.2 ? 'warn' : 'plain'),
      ],
    },
  ];
}

/** Where the time of a request and of a step goes. */
export function timeSection(summary: Summary): Section {
  const blocks: Block[] = [];
  if (summary.requestShares.length > 0) blocks.push(shareBars('The mean request, from arrival to its last token', summary.requestShares));
  for (const pool of summary.pools) {
    if (pool.stepShares.length === 0) continue;
    const { stepTime } = pool;
    blocks.push(
      shareBars(
        `The mean ${pool.role === 'merged' ? '' : `${pool.role} `}step of ${pool.name}: ${quantity(stepTime.mean, 's')}, p99 ${quantity(stepTime.p99, 's')}`,
        pool.stepShares,
      ),
      ...barrierBlocks(pool),
    );
  }
  return { title: 'Where the time goes', blocks };
}
