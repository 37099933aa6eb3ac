import type { JSX } from 'preact';
import { formatTime, significant } from '../../../src/base/quantity.ts';
import type { StepData } from '../../../src/report/step/data.ts';
import { dataRanks } from '../../../src/model/layout.ts';
import type { Interval } from '../../../src/cost/uncertainty/interval.ts';
import { show } from '../../parts/figure/show.ts';
import { stepText } from './text.ts';

const percent = (share: number): string => `${(share * 100).toFixed(0)}\u{A0}%`;
const time = (seconds: number): string => formatTime(seconds);
const plain = (value: number): string => (value >= 1000 ? Math.round(value).toLocaleString('en-US') : significant(value));

/** What the iteration comes to, and what bounds it. */
export function Answer({ step }: { readonly step: StepData }): JSX.Element {
  const text = stepText();
  const { intervals, tpot } = step;
  const rate = (value: number): string => text.perSecond(plain(value));
  const user = tpot === undefined ? undefined : 1 / tpot;
  const tpots = intervals?.tpot;
  return (
    <div class="card answer">
      <dl class="figures">
        <Figure name={text.figures.iteration} value={time(step.time)} words={time} interval={intervals?.time} />
        {tpot === undefined ? undefined : <Figure name={text.figures.tpot} value={time(tpot)} words={time} interval={tpots} />}
        {user === undefined ? undefined : (
          <Figure
            name={text.figures.user}
            value={rate(user)}
            words={plain}
            interval={tpots === undefined ? undefined : { ...tpots, low: 1 / tpots.high, high: 1 / tpots.low }}
          />
        )}
        <Figure name={text.figures.chip} value={rate(step.tokensPerSecondPerChip)} words={plain} interval={intervals?.tokensPerSecondPerChip} />
        <Figure name={text.figures.instance} value={rate(step.tokensPerSecond)} words={plain} interval={intervals?.tokensPerSecond} />
      </dl>
      <Bottleneck step={step} />
      <p class="quiet small">
        {text.figures.chips(show.count(step.chips), layoutWords(step))} · <Trust step={step} />
      </p>
    </div>
  );
}

function layoutWords({ layout }: StepData): string {
  const { experts, tensor, microbatches } = layout;
  const ranks = dataRanks({ ...layout, drafter: undefined });
  return [
    `DP${ranks}`,
    ...(tensor > 1 ? [`TP${tensor}`] : []),
    ...(experts.parallel > 1 ? [`EP${experts.parallel}`] : []),
    ...(microbatches > 1 ? [`µ${microbatches}`] : []),
  ].join(' ');
}

interface FigureProps {
  readonly name: string;
  readonly value: string;
  readonly words: (value: number) => string;
  readonly interval: Interval | undefined;
}

function Figure({ name, value, words, interval }: FigureProps): JSX.Element {
  const text = stepText();
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
      <dd class="interval" title={text.rangeHint}>
        {interval === undefined ? text.drawing : text.range(words(interval.low), words(interval.high))}
      </dd>
    </div>
  );
}

function Trust({ step }: { readonly step: StepData }): JSX.Element {
  const text = stepText();
  const { calibrated, extrapolated, uncalibrated } = step.trust.shares;
  return <span>{text.trust(percent(calibrated), percent(extrapolated), percent(uncalibrated))}</span>;
}

/** The operator that answers for most of the iteration, as the command line says it. */
function Bottleneck({ step }: { readonly step: StepData }): JSX.Element {
  const text = stepText();
  const total = new Map<string, number>();
  for (const { name, exposed } of step.operators) total.set(name, (total.get(name) ?? 0) + exposed);
  const [name, exposed] = [...total].reduce((most, entry) => (entry[1] > most[1] ? entry : most), ['', 0]);
  if (step.hostGap > exposed) return <p class="bottleneck">{text.hostBound(percent(step.hostGap / step.time))}</p>;
  const main = step.operators.filter((one) => one.name === name).reduce((most, one) => (one.exposed > most.exposed ? one : most));
  const position = (main.bound === 'compute' || main.bound === 'memory') && main.ridge > 0;
  const group = step.groups.find((other) => other.name === main.group);
  const streams = [...new Set(group?.timeline.map(({ stream }) => stream))];
  const busy = streams.map((stream) => {
    const layer = group?.layerTime ?? 0;
    const sum = group?.timeline.filter((bar) => bar.stream === stream).reduce((all, { start, end }) => all + Math.min(end, layer) - start, 0) ?? 0;
    return text.busyStream(stream, percent(sum / layer));
  });
  return (
    <p class="bottleneck">
      <strong>{text.takes(name, percent(exposed / step.time))}</strong>, {text.bounds[main.bound]}
      {position ? ` (${text.ridge(significant(main.intensity), significant(main.ridge))})` : ''}.{' '}
      {busy.length < 2 ? '' : <span class="quiet">{text.busyStreams(busy.join(', '))}</span>}
    </p>
  );
}
