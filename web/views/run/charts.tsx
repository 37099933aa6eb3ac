import { computed, useComputed, useSignal, type ReadonlySignal } from '@preact/signals';
import type { JSX } from 'preact';
import { SeriesChart, type Line, type SeriesData } from '../../parts/chart/series-chart.tsx';
import { show } from '../../parts/figure/show.ts';
import type { Token } from '../../parts/map/ramp.ts';
import { engine, frame, furthest, looking, opened, series } from '../../state/run.ts';
import type { Series } from '../../../src/report/live/frame.ts';
import { runText } from './text.ts';

const lineColours: readonly Token[] = ['line-1', 'line-2', 'line-3', 'line-4'];

/** Where the run is, while it is not at its front. */
const marker: ReadonlySignal<number | undefined> = computed(() => {
  const now = frame.value?.at;
  return now === undefined || now >= furthest.value - 0.02 * furthest.value ? undefined : now;
});

/** A few charts, and more where they are asked for. */
export function Charts(): JSX.Element {
  const text = runText();
  const more = useSignal(false);
  const found = opened.value;
  const slo = found?.slo;
  const pools = (found?.pools ?? []).map(({ name }, i) => line(name, i));
  const planes = (series.value?.planes ?? []).map(({ name }, i) => line(name, i));
  return (
    <section class="charts card" aria-label={text.title}>
      <Chart title={text.charts.output} lines={[line('output', 0)]} of={({ lines }) => [lines.output]} show={show.rate} />
      <Chart
        title={text.charts.ttft}
        lines={[line('p50', 0), line('p99', 1)]}
        of={({ lines }) => [lines.ttftP50, lines.ttftP99]}
        show={show.time}
        limit={slo?.ttft}
      />
      <Chart
        title={text.charts.tpot}
        lines={[line('p50', 0), line('p99', 1)]}
        of={({ lines }) => [lines.tpotP50, lines.tpotP99]}
        show={show.time}
        limit={slo?.tpot}
      />
      <Chart
        title={text.charts.queue}
        lines={[line(text.running, 2), line(text.waiting, 1)]}
        of={({ lines }) => [lines.running, lines.waiting]}
        show={show.count}
      />
      {more.value ? (
        <>
          <Chart title={text.charts.busy} lines={pools} of={({ pools: own }) => own.map(({ busy }) => busy)} show={show.share} />
          <Chart title={text.charts.kv} lines={pools} of={({ pools: own }) => own.map(({ kv }) => kv)} show={show.share} />
          <Chart title={text.charts.exchange} lines={pools} of={({ pools: own }) => own.map(({ exchange }) => exchange)} show={show.share} />
          {planes.length === 0 ? undefined : (
            <Chart title={text.charts.planes} lines={planes} of={({ planes: own }) => own.map(({ use }) => use)} show={show.share} />
          )}
          <Chart title={text.charts.power} lines={[line('power', 3)]} of={({ lines }) => [lines.power]} show={show.watts} />
        </>
      ) : undefined}
      <button type="button" aria-expanded={more.value} onClick={() => (more.value = !more.value)}>
        {more.value ? text.less : text.more}
      </button>
    </section>
  );
}

function line(name: string, index: number): Line {
  return { name, colour: lineColours[index % lineColours.length] ?? 'line-1' };
}

function goTo(to: number): void {
  void engine.ask('seek', { to });
}

interface ChartProps {
  readonly title: { readonly short: string; readonly long: string };
  readonly lines: readonly Line[];
  readonly of: (series: Series) => readonly Float64Array[];
  readonly show: (value: number) => string;
  readonly limit?: number | undefined;
}

function Chart({ title, lines, of, show: text, limit }: ChartProps): JSX.Element {
  const data = useComputed((): SeriesData | undefined => {
    const now = series.value;
    if (now === undefined) return undefined;
    const times = Array.from({ length: now.count }, (_, i) => (i + 0.5) * now.width);
    const columns = of(now).map((column) => Array.from(column, (value) => (Number.isNaN(value) ? null : value)));
    return { columns: [times, ...columns], limit: limit === undefined ? undefined : { value: limit, name: runText().objective } };
  });
  return <SeriesChart title={title} lines={lines} data={data} at={marker} show={text} onPick={looking.value === undefined ? goTo : undefined} />;
}
