/**
 * Fits the presets of data/workloads to the published traces in ../shared/traces and writes the files:
 * `npx node bench/fit-workloads.ts`. The sources and what is taken from them: tests/workload-sources.ts.
 */
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { traceOf } from '../src/serving/traffic/columns.ts';
import { meanLength } from '../src/serving/traffic/lengths.ts';
import { traceStatistics } from '../src/serving/traffic/statistics.ts';
import type { Lengths } from '../src/serving/traffic/workload.ts';
import { fitOf } from '../tests/workload-fit.ts';
import { lengthAt, type LengthTable, type WorkloadSource, workloadSources } from '../tests/workload-sources.ts';

const KNOTS = 26;
const GRID = 2000;
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
};

/** Quantiles that a table meets exactly. */
const STATED = [0, 0.5, 0.9, 0.95, 0.99, 1];

/**
 * Knots of a quantile table: the stated quantiles, and then where the straight line between two knots is furthest off. Lines over a
 * convex curve lie too high: the knots that no quantile is stated at are scaled until the mean is that of the source.
 */
function knotsOf(source: LengthTable): readonly Knot[] {
  const at = Float64Array.from({ length: GRID + 1 }, (_, i) => (i === 0 ? (source.lengths[0] ?? 1) : lengthAt(source, i / GRID)));
  const knots = [...STATED.slice(0, -1), 0.995, 0.999, 0.9995, 1].map((share) => Math.round(share * GRID));
  while (knots.length < KNOTS) {
    let worst = { area: 0, split: -1 };
    for (let k = 1; k < knots.length; k++) {
      const from = knots[k - 1] ?? 0;
      const to = knots[k] ?? 0;
      let area = 0;
      let split = { off: 0, at: -1 };
      for (let i = from + 1; i < to; i++) {
        const off = Math.abs((at[i] ?? 0) - (at[from] ?? 0) - (((at[to] ?? 0) - (at[from] ?? 0)) * (i - from)) / (to - from));
        area += off / (1 + (at[i] ?? 0));
        if (off > split.off) split = { off, at: i };
      }
      if (area > worst.area && split.at !== -1) worst = { area, split: split.at };
    }
    if (worst.split === -1) break;
    knots.push(worst.split);
    knots.sort((a, b) => a - b);
  }
  return scaledToMean(
    knots.map((i) => [i / GRID, at[i] ?? 1] as const),
    source.mean,
  );
}

type Knot = readonly [number, number];

function scaledToMean(knots: readonly Knot[], mean: number): readonly Knot[] {
  const scaled = (factor: number): readonly Knot[] => {
    const fixed = (at: number) => STATED.includes(knots[at]?.[0] ?? 0);
    return knots.map(([share, tokens], i): Knot => {
      if (fixed(i)) return [share, tokens];
      const floor = knots.findLast((_, k) => k < i && fixed(k))?.[1] ?? 1;
      const ceiling = knots.find((_, k) => k > i && fixed(k))?.[1] ?? Infinity;
      return [share, Math.round(Math.min(ceiling, Math.max(floor, tokens * factor)))];
    });
  };
  let [low, high] = [0.5, 2];
  while (high - low > 1e-6) {
    const middle = (low + high) / 2;
    if ((meanLength(lengthsOf(scaled(middle))) ?? 0) < mean) low = middle;
    else high = middle;
  }
  return scaled((low + high) / 2);
}

const lengthsOf = (knots: readonly Knot[]): Lengths => ({
  kind: 'empirical',
  share: knots.map(([share]) => share),
  tokens: knots.map(([, tokens]) => tokens),
});

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
  const input = knotsOf(source.input);
  const output = knotsOf(source.output);
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

for (const [name, load] of Object.entries(workloadSources)) {
  const text = about[name];
  if (text === undefined) throw new Error(`no description of ${name}`);
  writeFileSync(fileURLToPath(new URL(`../data/workloads/${name}.yaml`, import.meta.url)), fileOf(name, text, await load()));
  process.stdout.write(`${name}\n`);
}
