/**
 * Fits the presets of data/workloads to the published traces in ../shared/traces and writes the files:
 * `npx node bench/fit-workloads.ts`. The sources and what is taken from them: tests/workload-sources.ts.
 */
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { type Preset, readPreset } from '../schema/traces/preset.ts';
import { traceOf } from '../src/serving/traffic/columns.ts';
import { traceStatistics } from '../src/serving/traffic/statistics.ts';
import type { Lengths } from '../src/serving/traffic/workload.ts';
import { fitOf } from '../tests/workload-fit.ts';
import { errorsOf, poolFigures, poolSources, sessionFigures, sessionSource, type Figures } from '../tests/traffic-figures.ts';
import { type WorkloadSource, workloadSources } from '../tests/workload-sources.ts';
import { clientLines } from './fit-clients.ts';
import { sessionLines } from './fit-sessions.ts';
import { knotsOf, lengthsOf, type Knot } from './knots.ts';

const KNOTS = 26;
const REUSE = { blockTokens: 512, window: 1000 };

interface About {
  readonly summary: string;
  readonly trace: string;
  readonly url: string;
  readonly licence: string;
  readonly attribution: string;
  readonly note: string;
}

const azure = {
  url: 'https://github.com/Azure/AzurePublicDataset',
  licence: 'CC-BY-4.0',
  attribution: 'Patel et al., Splitwise: Efficient Generative LLM Inference Using Phase Splitting, ISCA 2024; Azure Public Dataset, Microsoft',
};
const servegen = {
  url: 'https://github.com/alibaba/ServeGen',
  licence: 'Apache-2.0',
  attribution: 'Xiang et al., ServeGen: Workload Characterization and Generation of LLM Serving in Production, arXiv:2505.09999',
};
const pooledNote =
  'Clients weighted by their rate in each window; busiest clients without published lengths are left out. cv is that of all clients together in the window of median rate, drawn with Gamma gaps of the cv of each. No prefix reuse in the source.';

const clientsNote =
  'The sixteen busiest clients have rates, gaps and lengths of their own; the others form three groups of equal members. Rates are those of a mean day by the hour: what changes within an hour and from day to day is left out. Clients without published lengths draw those of the others. Input and output lengths of a client are drawn independently. No prefix reuse in the source.';

const about: Readonly<Record<string, About>> = {
  conversation: {
    ...azure,
    summary: 'An assistant: prompts of about 1,000 tokens, short answers, nearly Poisson.',
    trace: 'AzureLLMInferenceTrace_conv.csv (16 November 2023, 19,366 requests)',
    note: 'Input and output lengths are drawn independently. cv is that of the gaps in the trace. No prefix reuse in the source.',
  },
  code: {
    ...azure,
    summary: 'Code completion: long prompts, very short answers, very bursty.',
    trace: 'AzureLLMInferenceTrace_code.csv (16 November 2023, 8,819 requests)',
    note: 'Input and output lengths are drawn independently. cv is that of the gaps in the trace, pauses included. No prefix reuse in the source.',
  },
  'long-context': {
    url: 'https://github.com/kvcache-ai/Mooncake',
    licence: 'Apache-2.0',
    attribution: 'Qin et al., Mooncake: Trading More Storage for Less Computation, FAST 2025',
    summary: 'An assistant with long documents and long conversations, whose prompts begin like earlier ones.',
    trace: 'Mooncake conversation_trace.jsonl (FAST25-release, 12,031 requests)',
    note: 'Input and output lengths are drawn independently. cv is the root of variance over mean of the arrivals in windows of 30 s, as times in the trace are multiples of 3 s. The share of continued conversations is fitted so that as many prompt blocks were in an earlier prompt as in the trace (36.6 %) over 12,031 requests.',
  },
  chat: {
    ...servegen,
    summary: 'Chat with a large model: medium prompts, short answers.',
    trace: 'ServeGen m-large (14 days, 147 clients with lengths)',
    note: pooledNote,
  },
  reasoning: {
    ...servegen,
    summary: 'A reasoning model: short prompts, long answers with their thoughts.',
    trace: 'ServeGen deepseek-r1 (1 day, 73 clients)',
    note: pooledNote,
  },
  agentic: {
    summary: 'Coding agents: sessions of many turns with long, growing prompts, short answers, pauses, and a few sub-agents.',
    trace: 'agentic-coding sessions recorded for WEKA (710 of 739 sessions, 49,334 requests)',
    url: 'https://github.com/callanjfox/kv-cache-tester',
    licence: 'Apache-2.0',
    attribution: 'Callan Fox, kv-cache-tester: agentic coding traces',
    note: 'Turns, prompts, growth, answers and pauses are drawn independently of each other; sub-agents come from 17 of the sessions. Where the recording has no service time (one turn in eleven), its pause includes it. Prompts of two sessions share nothing, as the source does not tell.',
  },
  'servegen-m-large': {
    ...servegen,
    summary: 'A chat service over a mean day: 162 clients of unequal rates, burstiness and lengths.',
    trace: 'ServeGen m-large (14 days, 162 clients, 236.9 M requests)',
    note: clientsNote,
  },
  'servegen-r1': {
    ...servegen,
    summary: 'A reasoning service over a day: 73 clients of unequal rates, burstiness and lengths.',
    trace: 'ServeGen deepseek-r1 (1 day, 73 clients, 1.38 M requests)',
    note: clientsNote,
  },
};

/** The share of continued conversations that gives the hits of the source, by bisection over the mean of three seeds. */
function reuseShare(input: Lengths, output: Lengths, hitShare: number, requests: number): number {
  const hits = (share: number): number => {
    const shares = [1, 2, 3].map((seed) =>
      traceStatistics(
        traceOf({ kind: 'generator', name: 'fit', arrivals: { kind: 'poisson', rate: 1 }, input, output, reuse: { ...REUSE, share }, requests, seed }),
      ),
    );
    return shares.reduce((sum, { reuse }) => sum + (reuse?.hitShare ?? 0), 0) / shares.length;
  };
  let [low, high] = [0, 1];
  while (high - low > 0.002) {
    const middle = (low + high) / 2;
    if (hits(middle) < hitShare) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

const knotLines = (knots: readonly Knot[]) => knots.map(([share, tokens]) => `  - [${share}, ${tokens}]\n`).join('');
const fitLine = (fit: Readonly<Record<string, number>>) =>
  `{ ${Object.entries(fit)
    .map(([name, error]) => `${name}: ${error.toFixed(4).replace('-0.0000', '0.0000')}`)
    .join(', ')} }`;

function fileOf(name: string, text: About, source: WorkloadSource): string {
  const input = knotsOf(source.input, KNOTS);
  const output = knotsOf(source.output, KNOTS);
  const share = source.hitShare === undefined ? undefined : reuseShare(lengthsOf(input), lengthsOf(output), source.hitShare, 12_031);
  return `# Written by bench/fit-workloads.ts; figures are fitted, not measured here.
name: ${name}
summary: "${text.summary}"
source:
  trace: "${text.trace}"
  url: ${text.url}
  licence: ${text.licence}
  attribution: "${text.attribution}"
  note: "${text.note}"
arrivals: { cv: ${source.cv.toFixed(2)} } # of the gaps; 1 is Poisson
${share === undefined ? '' : `reuse: { share: ${share.toFixed(3)}, block-tokens: ${REUSE.blockTokens}, window: ${REUSE.window} }\n`}# Relative errors beside the source; distance: the most that the shares of requests up to some length differ.
fit:
  input: ${fitLine(fitOf(lengthsOf(input), source.input))}
  output: ${fitLine(fitOf(lengthsOf(output), source.output))}
# [cumulative share of requests, tokens], linear in between
input:
${knotLines(input)}output:
${knotLines(output)}`;
}

const header = (
  name: string,
  kind: string,
  { summary, trace, url, licence, attribution, note }: About,
) => `# Written by bench/fit-workloads.ts; figures are fitted, not measured here.
name: ${name}
kind: ${kind}
summary: "${summary}"
source:
  trace: "${trace}"
  url: ${url}
  licence: ${licence}
  attribution: "${attribution}"
  note: "${note}"
`;

/** A preset with the errors of its own draws beside the source. */
function fitted(lines: string, name: string, figures: (preset: Preset) => Figures, source: Figures): string {
  const text = (fit: Readonly<Record<string, number>>) => `${lines}# Relative errors of what is drawn beside the source.\nfit: ${fitLine(fit)}\n`;
  return text(errorsOf(figures(readPreset(parse(text({})), name)), source));
}

function write(name: string, content: string): void {
  writeFileSync(fileURLToPath(new URL(`../data/workloads/${name}.yaml`, import.meta.url)), content);
  process.stdout.write(`${name}\n`);
}

function aboutOf(name: string): About {
  const text = about[name];
  if (text === undefined) throw new Error(`no description of ${name}`);
  return text;
}

for (const [name, load] of Object.entries(workloadSources)) write(name, fileOf(name, aboutOf(name), await load()));
const sessions = await sessionSource();
write('agentic', fitted(header('agentic', 'sessions', aboutOf('agentic')) + sessionLines(sessions), 'agentic', sessionFigures, sessionFigures(sessions)));
for (const [name, load] of Object.entries(poolSources)) {
  const pool = await load();
  write(name, fitted(header(name, 'client-pool', aboutOf(name)) + clientLines(pool), name, poolFigures, poolFigures(pool)));
}
