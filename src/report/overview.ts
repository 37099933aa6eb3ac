import { significant } from '../base/quantity.ts';
import type { Fact, Headline } from './block.ts';
import type { Distribution, MetricName, PoolSummary, Summary } from './summary.ts';
import { clause, count, duration, list, parameters, percent, plain, quantity, range, sentence } from './wording.ts';

/** `TTFT ≤ 2.00 s and TPOT ≤ 50.0 ms`, or undefined where no objective was set. */
export function objective(slo: Summary['goodput']['slo']): string | undefined {
  const parts = [
    ['TTFT', slo.ttft],
    ['TPOT', slo.tpot],
    ['E2E', slo.e2e],
  ] as const;
  const set = parts.flatMap(([name, limit]) => (limit === undefined ? [] : [`${name} ≤ ${quantity(limit, 's')}`]));
  return set.length === 0 ? undefined : list(set);
}

function poolLine(pool: PoolSummary, word: string): string {
  const size = `${count(pool.instances, 'instance')} on ${count(pool.chips, word)}${pool.dies === pool.chips ? '' : ` (${count(pool.dies, 'die')})`}`;
  return `${pool.name}: ${size}${pool.layout === '' ? '' : `, ${pool.layout}`}`;
}

/** `interrupted after 512 of 20,000 requests`, or nothing where the run went to its end. */
function cutShortNote({ cutShort }: Summary): string {
  return cutShort === undefined ? '' : `interrupted after ${count(cutShort.ended, 'request')} of ${count(cutShort.asked, 'request')}`;
}

/** `extrapolated: of the time of prefill 12 % stands on ...`. */
function trustText({ label, shares, pool }: NonNullable<Summary['trust']>): string {
  const parts = [
    [shares.calibrated, 'on launches measured on this chip and stack'],
    [shares.extrapolated, 'on others that stand in'],
    [shares.uncalibrated, 'on data sheets and assumptions'],
  ] as const;
  const stands = parts.filter(([share]) => share > 0).map(([share, on]) => `${percent(share)} ${on}`);
  return `${label}: of the time of full ${pool} steps ${list(stands)}`;
}

function modelLines({ name, parameters: all, activeParameters, precision }: Summary['model'] & { readonly precision: string }): readonly string[] {
  if (all === 0) return [name];
  const active = activeParameters === all ? '' : `, ${parameters(activeParameters)} active per token`;
  return [`${name}: ${parameters(all)} parameters${active}`, precision].filter((line) => line !== '');
}

/** What ran: machine, model, deployment, traffic, objective. */
export function factsOf(summary: Summary): readonly Fact[] {
  const { machine, model } = summary;
  const used =
    machine.chipsUsed === machine.chips
      ? `all ${count(machine.chips, machine.chipWord)}`
      : `${Number.isInteger(machine.chipsUsed) ? machine.chipsUsed : significant(machine.chipsUsed)} of ${count(machine.chips, machine.chipWord)}`;
  const facts: Fact[] = [
    { label: 'Machine', lines: [machine.chips === 0 ? machine.title : `${machine.title}, ${used} (${machine.chip})`] },
    { label: 'Model', lines: [{ ...model, precision: summary.precision }, ...(summary.others ?? [])].flatMap(modelLines) },
    { label: 'Software', lines: [summary.stack] },
    { label: 'Deployment', lines: summary.pools.map((pool) => poolLine(pool, machine.chipWord)) },
    { label: 'Traffic', lines: [summary.workload, cutShortNote(summary)].filter((line) => line !== '') },
    { label: 'Objective', lines: [objective(summary.goodput.slo) ?? 'none set: every finished request counts as good'] },
    { label: 'Trust', lines: [summary.trust === undefined ? '' : trustText(summary.trust)] },
  ];
  return facts.filter(({ lines }) => lines.some((line) => line !== ''));
}

/** Why goodput is what it is: what was missed, by which share of the requests. */
function goodputNote({ goodput: { slo, share: met, misses, lost } }: Summary): string {
  const target = objective(slo);
  const why = target === undefined ? [] : misses.filter(({ share }) => share > 0).map(({ name, share }) => `${percent(share)} miss ${name}`);
  if (lost !== undefined) why.push(`${percent(lost.share)} are rejected or fail`);
  return `${target === undefined ? 'no objective was set' : `${percent(met)} meet ${target}`}${why.length === 0 ? '' : `; ${list(why)}`}`;
}

/** `97.2 % of the finished requests meet TTFT ≤ 2.00 s.`, or of all that ended where some were turned away; nothing where no objective was set. */
export function metText({ slo, share, lost }: Summary['goodput']): string {
  const target = objective(slo);
  return target === undefined ? '' : `${percent(share)} of the ${lost === undefined ? 'finished ' : ''}requests meet ${target}.`;
}

/** `Turned away in the window: 12 requests rejected.`, or nothing where all were served. */
function lostText({ lost }: Summary['goodput']): string {
  if (lost === undefined) return '';
  const parts = [lost.rejected > 0 ? `${count(lost.rejected, 'request')} rejected` : '', lost.failed > 0 ? `${count(lost.failed, 'request')} failed` : ''];
  return `Turned away in the window: ${list(parts.filter((part) => part !== ''))}.`;
}

function perChip(summary: Summary, role: 'prefill' | 'decode', rate: number): string {
  if (!Number.isFinite(rate)) return '';
  const pools = summary.pools.filter((pool) => pool.role === role);
  return pools.length > 0 ? `${plain(rate, 'tok/s')} per ${role} ${summary.machine.chipWord}` : `${plain(rate, 'tok/s')} per ${summary.machine.chipWord}`;
}

/** Output per chip in use; nothing where that is not known. */
function overChips({ throughput, machine: { chipsUsed, chipWord } }: Summary): string {
  return chipsUsed > 0 ? `${plain(throughput.outputTokens / chipsUsed, 'tok/s')} of output per ${chipWord} over ${count(chipsUsed, chipWord)}` : '';
}

function middle({ count: measured, p50 }: Distribution): number | undefined {
  return measured > 0 ? p50 : undefined;
}

function median({ count: measured, p99 }: Distribution, interval: string | undefined): string {
  return measured > 0 ? `median; p99 ${quantity(p99, 's')}${interval === undefined ? '' : ` (${interval})`}` : 'nothing to measure';
}

/** The figures that the reader looks for first. */
export function headlinesOf(summary: Summary): readonly Headline[] {
  const { throughput, latency, goodput, cost, limit } = summary;
  const { slo } = goodput;
  const rangeOf = (name: MetricName, words: (value: number) => string): string | undefined => {
    const interval = summary.intervals?.metrics[name];
    return interval === undefined ? undefined : range(interval, words);
  };
  const seconds = (value: number): string => quantity(value, 's');
  const late = ({ count: measured, p99 }: Distribution, limitAt: number | undefined): Headline['tone'] =>
    limitAt === undefined || measured === 0 ? 'plain' : p99 <= limitAt ? 'good' : 'warn';
  const headlines: Headline[] = [
    {
      label: 'Output',
      value: plain(throughput.outputTokens, 'tok/s'),
      range: rangeOf('outputTokensPerSecond', (value) => plain(value, 'tok/s')),
      note: perChip(summary, 'decode', throughput.outputTokensPerDecodeChip),
      tone: 'plain',
    },
    {
      label: 'Input',
      value: plain(throughput.inputTokens, 'tok/s'),
      range: rangeOf('inputTokensPerSecond', (value) => plain(value, 'tok/s')),
      note: perChip(summary, 'prefill', throughput.inputTokensPerPrefillChip),
      tone: 'plain',
    },
    {
      label: 'Requests',
      value: plain(throughput.requests, 'req/s'),
      range: rangeOf('requestsPerSecond', (value) => plain(value, 'req/s')),
      note: overChips(summary),
      tone: 'plain',
    },
    {
      label: 'Goodput',
      value: plain(goodput.requestsPerSecond, 'req/s'),
      range: rangeOf('goodput', (value) => plain(value, 'req/s')),
      note: goodputNote(summary),
      tone: objective(slo) === undefined ? 'plain' : goodput.share >= 0.9 ? 'good' : 'warn',
    },
    {
      label: 'Time to first token',
      value: quantity(middle(latency.ttft), 's'),
      range: rangeOf('ttftP50', seconds),
      note: median(latency.ttft, rangeOf('ttftP99', seconds)),
      tone: late(latency.ttft, slo.ttft),
    },
    {
      label: 'Time per output token',
      value: quantity(middle(latency.tpot), 's'),
      range: rangeOf('tpotP50', seconds),
      note: median(latency.tpot, rangeOf('tpotP99', seconds)),
      tone: late(latency.tpot, slo.tpot),
    },
  ];
  if (summary.trust !== undefined)
    headlines.push({
      label: 'Binding resource',
      value: percent(limit.utilisation),
      range: rangeOf('bindingLoad', percent),
      note: limit.resource,
      tone: summary.saturation.saturated ? 'warn' : 'plain',
    });
  if (summary.cache !== undefined)
    headlines.push({ label: 'Prefix cache', value: percent(summary.cache.hitShare), note: 'of looked-up prompt tokens hit', tone: 'plain' });
  if (cost.joulesPerToken !== undefined)
    headlines.push({
      label: 'Energy',
      value: plain(cost.joulesPerToken, 'J/tok'),
      range: rangeOf('joulesPerToken', (value) => plain(value, 'J/tok')),
      note: cost.power === undefined ? 'per output token' : `per output token, at ${quantity(cost.power, 'W')}`,
      tone: 'plain',
    });
  if (cost.dollarsPerMillionTokens !== undefined)
    headlines.push({
      label: 'Cost',
      value: plain(cost.dollarsPerMillionTokens, '$/Mtok'),
      range: rangeOf('dollarsPerMillionTokens', (value) => plain(value, '$/Mtok')),
      note: cost.basis === 'owned' ? 'per million output tokens: the purchase over its life, and electricity' : 'per million output tokens',
      tone: 'plain',
    });
  return headlines;
}

/** The answer in a few sentences: how much, how well, what binds, and whether to believe the window. */
export function verdictOf(summary: Summary): readonly string[] {
  const note = cutShortNote(summary);
  return note === '' ? findingsOf(summary) : [`${sentence(note)} All figures are about those that had ended.`, ...findingsOf(summary)];
}

function findingsOf(summary: Summary): readonly string[] {
  const { requests, throughput, goodput, limit, saturation, window } = summary;
  if (requests.finished === 0)
    return [
      'No request finished, so there is no throughput or latency to report.',
      ...requests.causes.map(({ cause, count: n }) => `${count(n, 'request')}: ${clause(cause)}`),
      sentence(limit.note),
    ].filter((line) => line !== '');
  const met = metText(goodput);
  const lines = [
    `Serves ${plain(throughput.requests, 'req/s')}: ${plain(throughput.inputTokens, 'tok/s')} in, ${plain(throughput.outputTokens, 'tok/s')} out.`,
    met === '' || goodput.share >= 0.9 ? met : `${met} ${sentence(goodput.note)}`.trim(),
    lostText(goodput),
    limit.note === '' && limit.resource !== ''
      ? `What limits it: ${limit.resource}, at ${percent(limit.utilisation)} of what it sustains.`
      : sentence(limit.note),
    saturation.saturated ? sentence(saturation.note) : '',
    window.steady ? '' : `No steady state over ${duration(window.to - window.from)}: ${clause(window.note)}`,
  ];
  return lines.filter((line) => line !== '');
}
