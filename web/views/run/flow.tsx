import type { JSX } from 'preact';
import { count } from '../../../src/report/wording.ts';
import { show } from '../../parts/figure/show.ts';
import { frame, opened, series } from '../../state/run.ts';
import type { Series } from '../../../src/report/live/frame.ts';
import type { OpenedPool } from '../../../src/report/live/opened.ts';
import { runText } from './text.ts';

/** Intervals of the series that a figure is the mean of while a run goes on: one alone jumps. */
const recent = 8;
/** Nothing flows where nothing has been in flight for so long, however long the intervals have become that figures are means of. [s] */
const still = 5;

/** What the deployment does, from the requests that come to the tokens that leave, with how full each part is. */
export function Flow(): JSX.Element | null {
  const text = runText();
  const [now, found, whole] = [frame.value, opened.value, series.value];
  if (now === undefined || found === undefined) return null;
  const { arrived } = now.counts;
  const span = lookedAt(whole, now.done);
  const idle = !now.done && now.counts.waiting + now.counts.running === 0 && now.at - (now.ended[0]?.endedAt ?? 0) > still;
  const latest = (values: Float64Array | undefined): number => (idle ? 0 : meanOf(values, span));
  const came = now.done && whole !== undefined ? Math.min(now.at, span.to * whole.width) : now.at;
  const planes = whole?.planes ?? [];
  const split = found.pools.some(({ role }) => role === 'decode');
  const kv = split ? planes.find(({ name }) => name === found.transferPlane) : undefined;
  return (
    <ol class="flow" aria-label={text.flow.label}>
      <Part name={text.flow.arrive} figure={`${show.rate(came > 0 ? arrived / came : 0)}/s`} about={now.done ? text.flow.whole : text.flow.requests} />
      {found.pools.map((pool, p) => (
        <>
          {pool.role === 'decode' && kv !== undefined ? (
            <Part name={text.flow.moves} figure={show.share(latest(kv.use))} about={text.flow.ofPlane(kv.name)} share={latest(kv.use)} colour="line-2" />
          ) : undefined}
          <Pool pool={pool} chip={found.machine.chip.word} used={latest(pool.role === 'prefill' ? whole?.pools[p]?.busy : whole?.pools[p]?.full)} />
        </>
      ))}
      <Part name={text.flow.leave} figure={show.rate(latest(whole?.lines.output))} about={text.flow.tokens} />
    </ol>
  );
}

/** @param used of its time where it prefills, of its places where it decodes */
function Pool({ pool, chip, used }: { readonly pool: OpenedPool; readonly chip: string; readonly used: number }): JSX.Element {
  const text = runText();
  const now = frame.value;
  const own = (values: Float32Array | undefined, from: number, many: number): number =>
    values?.subarray(from, from + many).reduce((sum, value) => sum + value, 0) ?? 0;
  const ranks = pool.instances * pool.ranks;
  const running = own(now?.sequences, pool.firstRank, ranks);
  const kv = own(now?.kv, pool.firstRank, ranks) / ranks;
  const waiting = own(now?.waiting, pool.firstInstance, pool.instances);
  const each = count(pool.chips / pool.instances, chip);
  const size = pool.instances === 1 ? each : `${pool.instances} × ${each}`;
  return (
    <Part
      name={`${text.flow.roles[pool.role]} · ${size}`}
      figure={show.share(used)}
      about={pool.role === 'prefill' ? text.flow.busy(show.count(waiting)) : text.flow.places(show.count(running), show.share(kv))}
      share={used}
      colour={pool.role}
    />
  );
}

interface PartProps {
  readonly name: string;
  readonly figure: string;
  readonly about: string;
  /** How full it is. */
  readonly share?: number;
  readonly colour?: string;
}

function Part({ name, figure, about, share, colour }: PartProps): JSX.Element {
  return (
    <li style={colour === undefined ? undefined : { '--key': `var(--${colour})` }}>
      <span class="flow-name">{name}</span>
      <b>{figure}</b>
      <span class="flow-about">{about}</span>
      {share === undefined ? undefined : (
        <span class="flow-bar" aria-hidden="true">
          <span style={{ width: `${Math.min(100, share * 100)}%` }} />
        </span>
      )}
    </li>
  );
}

/** Intervals that the figures are of: the latest ones, of a run that is over those in which requests came. */
function lookedAt(whole: Series | undefined, done: boolean): { readonly from: number; readonly to: number } {
  const to = whole?.count ?? 0;
  if (!done || whole === undefined) return { from: Math.max(0, to - recent), to };
  const { input } = whole.lines;
  const most = Math.max(...input);
  return { from: 0, to: 1 + input.findLastIndex((rate) => rate > most * 0.05) };
}

/** Mean of some intervals, of those that have something to say; 0 where none has. */
function meanOf(values: Float64Array | undefined, { from, to }: { readonly from: number; readonly to: number }): number {
  const seen = [...(values?.subarray(from, to) ?? [])].filter((value) => !Number.isNaN(value));
  return seen.length === 0 ? 0 : seen.reduce((sum, value) => sum + value, 0) / seen.length;
}
