import type { Block, Headline, Line, Report, Section, TimeChart } from '../block.ts';
import { columns, row } from '../cells.ts';
import { latencies } from '../latencies.ts';
import { factsOf, metText, objective } from '../overview.ts';
import { doubtLines } from '../trust.ts';
import { clause, count, list, percent, plain, quantity } from '../wording.ts';
import type { MergedSummary } from './merge.ts';
import type { MergedPoint } from './series.ts';

const quantiles = ['p50', 'p90', 'p95', 'p99', 'max'] as const;

/** The report of a fleet, for any medium. */
export function mergedReport(merged: MergedSummary): Report {
  const [first] = merged.machines;
  const { fleet, reproduce, scenario } = merged;
  if (first === undefined) throw new RangeError('a report is about at least one machine');
  const cut = fleet.done === fleet.machines ? '' : `Interrupted after ${fleet.done} of ${count(fleet.machines, 'machine')}: all figures are about those.`;
  return {
    title: scenario,
    subtitle: `${[first.model, ...(first.others ?? [])].map(({ name }) => name).join(', ')} on ${fleet.machines} × ${first.machine.title}`,
    verdict: [cut, ...verdictOf(merged)].filter((line) => line !== ''),
    facts: factsOf(first).flatMap((fact) => {
      if (fact.label === 'Machine') return [{ label: 'Fleet', lines: fleetLines(merged) }];
      if (fact.label === 'Deployment') return [{ label: 'Each machine', lines: fact.lines }];
      return fact.label === 'Traffic' ? [{ label: 'Traffic', lines: [merged.workload] }] : [fact];
    }),
    headlines: headlinesOf(merged),
    sections: [timeSection(merged), latencySection(merged), machineSection(merged), instanceSection(merged), doubtSection(merged)].flatMap(
      (section) => section ?? [],
    ),
    reproduce: [
      `${scenario}: supernode ${reproduce.version}, scenario ${reproduce.scenarioHash}, calibration ${reproduce.calibrationHash}, seed ${reproduce.seed}`,
    ],
  };
}

function fleetLines({ fleet, chipsUsed, machines }: MergedSummary): readonly string[] {
  const [first] = machines;
  const split =
    fleet.split === 'clients'
      ? 'the front end gives each client to one machine, and does not look at loads'
      : 'the front end gives every machine an equal part of the users, and does not look at loads';
  return [`${fleet.done} machines with ${count(Math.round(chipsUsed), first?.machine.chipWord ?? 'chip')} in use on average`, split];
}

function verdictOf({ throughput, goodput, requests, machines, control }: MergedSummary): readonly string[] {
  const saturated = machines.filter(({ saturation }) => saturation.saturated).length;
  return [
    `Serves ${plain(throughput.requests, 'req/s')}: ${plain(throughput.inputTokens, 'tok/s')} in, ${plain(throughput.outputTokens, 'tok/s')} out.`,
    metText(goodput),
    saturated === 0 ? '' : `${count(saturated, 'machine')} of ${machines.length} cannot keep up.`,
    requests.rejected + requests.failed === 0
      ? ''
      : `${count(requests.rejected, 'request')} rejected, ${count(requests.failed, 'request')} failed: ${list(requests.causes.map(({ cause }) => clause(cause)))}`,
    control === undefined
      ? ''
      : `Its instances took ${plain(control.chipSeconds / 3600, `${machines[0]?.machine.chipWord ?? 'chip'}-hours`)} and ${quantity(control.joules, 'J')} in all.`,
  ].filter((line) => line !== '');
}

function headlinesOf({ throughput, goodput, latency, cost, chipsUsed, machines }: MergedSummary): readonly Headline[] {
  const word = machines[0]?.machine.chipWord ?? 'chip';
  const { slo } = goodput;
  const tone = (value: number, limit: number | undefined): Headline['tone'] => (limit === undefined ? 'plain' : value <= limit ? 'good' : 'warn');
  const headlines: (Headline | undefined)[] = [
    { label: 'Requests', value: plain(throughput.requests, 'req/s'), note: `on ${count(Math.round(chipsUsed), word)}`, tone: 'plain' },
    {
      label: 'Output',
      value: plain(throughput.outputTokens, 'tok/s'),
      note: `${plain(throughput.outputTokensPerChip, 'tok/s')} per ${word} in use`,
      tone: 'plain',
    },
    { label: 'Input', value: plain(throughput.inputTokens, 'tok/s'), note: '', tone: 'plain' },
    {
      label: 'Goodput',
      value: plain(goodput.requestsPerSecond, 'req/s'),
      note: objective(slo) === undefined ? 'no objective was set' : `${percent(goodput.share)} meet ${objective(slo)}`,
      tone: objective(slo) === undefined ? 'plain' : goodput.share >= 0.9 ? 'good' : 'warn',
    },
    {
      label: 'Time to first token',
      value: quantity(latency.ttft.p50, 's'),
      note: `median; p99 ${quantity(latency.ttft.p99, 's')}`,
      tone: tone(latency.ttft.p99, slo.ttft),
    },
    {
      label: 'Time per output token',
      value: quantity(latency.tpot.p50, 's'),
      note: `median; p99 ${quantity(latency.tpot.p99, 's')}`,
      tone: tone(latency.tpot.p99, slo.tpot),
    },
    cost.joulesPerToken === undefined
      ? undefined
      : { label: 'Energy', value: plain(cost.joulesPerToken, 'J/tok'), note: `per output token, at ${quantity(cost.power, 'W')}`, tone: 'plain' },
    cost.dollarsPerMillionTokens === undefined
      ? undefined
      : { label: 'Cost', value: plain(cost.dollarsPerMillionTokens, '$/Mtok'), note: 'per million output tokens', tone: 'plain' },
  ];
  return headlines.flatMap((headline) => headline ?? []);
}

function timeSection({ series, machines, goodput }: MergedSummary): Section {
  const line = (name: string, y: (point: MergedPoint) => number): Line => ({ name, points: series.map((point) => ({ x: point.at, y: y(point) })) });
  const pools = machines[0]?.control?.pools ?? [];
  const { ttft } = goodput.slo;
  const charts: readonly TimeChart[] = [
    { caption: 'Requests that arrive per second', axis: 'arrivals', unit: 'req/s', lines: [line('arrivals', (p) => p.arrivals)] },
    { caption: 'Output tokens per second', axis: 'output', unit: 'tok/s', lines: [line('output', (p) => p.outputTokensPerSecond)] },
    ...(pools.length === 0
      ? []
      : [
          {
            caption: 'Instances on all machines',
            axis: 'instances',
            unit: 'instances',
            lines: pools.map(({ name }, p) => line(name, (point) => point.instances?.[p] ?? 0)),
          },
        ]),
    {
      caption: 'Time to first token, p99 of the machine where it is worst',
      axis: 'TTFT',
      unit: 's',
      lines: [line('TTFT p99', ({ ttftP99 }) => (ttftP99 > 0 ? ttftP99 : NaN))],
      limit: ttft === undefined ? undefined : { value: ttft, label: `objective ${quantity(ttft, 's')}` },
    },
    { caption: 'Requests in all machines', axis: 'requests', unit: 'requests', lines: [line('running', (p) => p.running), line('waiting', (p) => p.waiting)] },
  ];
  return { title: 'Over time', blocks: series.length === 0 ? [] : [{ kind: 'timeline', charts, window: undefined }] };
}

function latencySection({ latency, goodput }: MergedSummary): Section {
  const { slo } = goodput;
  const limits: readonly (number | undefined)[] = [slo.ttft, slo.tpot, undefined, slo.e2e];
  const table: Block = {
    kind: 'table',
    caption: 'Latency of the requests that finished in the steady windows of all machines',
    columns: columns(['', '', 'mean', ...quantiles, 'objective', 'measured on'], 2),
    rows: ([latency.ttft, latency.tpot, latency.itl, latency.e2e] as const).map((d, i) => {
      const limit = limits[i];
      const values = d.count > 0 ? [d.mean, ...quantiles.map((q) => d[q])] : [NaN, ...quantiles.map(() => NaN)];
      return row(
        latencies[i]?.name ?? '',
        latencies[i]?.short ?? '',
        ...values.map((value) => quantity(value, 's')),
        limit === undefined ? '' : `≤ ${quantity(limit, 's')}`,
        count(d.count, i === 2 ? 'gap' : 'request'),
      );
    }),
  };
  return {
    title: 'Latency',
    blocks: [
      table,
      {
        kind: 'sentences',
        tone: 'plain',
        lines: [`Sketches of all machines were merged; quantiles are within ${percent(latency.quantileError)} of the exact ones.`],
      },
    ],
  };
}

function machineSection({ machines }: MergedSummary): Section {
  return {
    title: 'Machines',
    blocks: [
      {
        kind: 'table',
        caption: 'Each machine in its steady window',
        columns: columns(['', 'requests', 'rate', 'output', 'in use', 'TTFT p99', 'TPOT p99', 'good', 'binds first', 'at']),
        rows: machines.map(({ requests, throughput, machine, latency, goodput, limit }, m) =>
          row(
            `${m + 1}`,
            count(requests.arrived, 'request').replace(/ requests?$/, ''),
            plain(throughput.requests, 'req/s'),
            plain(throughput.outputTokens, 'tok/s'),
            plain(machine.chipsUsed, `${machine.chipWord}s`),
            quantity(latency.ttft.p99, 's'),
            quantity(latency.tpot.p99, 's'),
            percent(goodput.share),
            limit.resource,
            percent(limit.utilisation),
          ),
        ),
      },
    ],
  };
}

function instanceSection({ control }: MergedSummary): Section | undefined {
  if (control === undefined) return undefined;
  return {
    title: 'Instances',
    blocks: [
      {
        kind: 'table',
        caption: 'Instances that came and went, on all machines together, over the whole run',
        columns: columns(['', 'mean', 'started', 'drained']),
        rows: control.pools.map(({ name, mean, started, drained }) => row(name, plain(mean, ''), `${started}`, `${drained}`)),
      },
    ],
  };
}

function doubtSection({ doubts }: MergedSummary): Section {
  const apart =
    'Machines are simulated apart: nothing moves between them, and a front end that looked at loads would spread bursts better than this one. Intervals are not drawn for fleets: simulate one machine for them.';
  return {
    title: 'Doubts',
    blocks: [
      { kind: 'sentences', tone: 'plain', lines: [apart] },
      ...(doubts.length === 0 ? [] : [{ kind: 'sentences' as const, tone: 'warn' as const, lines: doubtLines(doubts) }]),
    ],
  };
}
