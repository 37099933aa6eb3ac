import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { InputError } from '../../src/base/errors.ts';
import { TraceBuilder } from '../../src/serving/traffic/columns.ts';
import type { TraceColumns } from '../../src/serving/traffic/workload.ts';
import { CsvRecord, fieldsOf } from '../../schema/tables/csv.ts';
import type { PointCatalogue } from '../validate-points/catalogue.ts';
import { grouped } from '../validate-points/rules.ts';
import { figuresOf, type RecordedRun } from './run.ts';
import { replayOf } from './scenario.ts';

const file = 'multiturn_llama-3.3-70b-fp4_b200_vllm_requests.csv.gz';
const columns = ['config', 'rel_s', 'ttft_ms', 'tpot_ms', 'latency_ms', 'input_tokens', 'output_tokens', 'conversation'] as const;
const blockTokens = 16;
const perMillisecond = 1000;

interface Turn {
  readonly config: string;
  readonly at: number;
  readonly ttft: number;
  readonly tpot: number;
  readonly e2e: number;
  readonly input: number;
  readonly output: number;
  readonly conversation: string;
}

/** The table of a multi-turn sweep, in a folder or below its `inferencex`; undefined where there is none. */
export function multiturnTable(root: string): string | undefined {
  return [join(root, file), join(root, 'inferencex', file)].find((path) => existsSync(path));
}

/**
 * The runs of the sweep, each replayed at its recorded times. A turn begins with what the conversation held before.
 * @throws InputError for a table without the columns, and for lines that are no requests
 */
export async function multiturnRuns(path: string, catalogue: PointCatalogue): Promise<readonly RecordedRun[]> {
  const runs: RecordedRun[] = [];
  for (const [config, turns] of grouped(turnsOf(path), (turn) => turn.config)) {
    const tensor = Number(/^tp(\d+)/.exec(config)?.[1] ?? 1);
    const offload = config.includes('offloadon');
    const replay = await replayOf(
      {
        system: 'b200_sxm',
        backend: 'vllm',
        version: '',
        model: 'nvidia/Llama-3.3-70B-Instruct-FP4',
        precision: 'fp4',
        tensor,
        data: 1,
        expertParallel: false,
        maxSequences: 1024,
        maxBatchedTokens: 8192,
        prefixCaching: !config.includes('noprefix'),
      },
      replayed(turns),
      catalogue,
    );
    runs.push({
      family: 'InferenceX multi-turn, Llama-3.3-70B FP4',
      name: config,
      requests: turns.length,
      measured: {
        ttft: figuresOf(turns.map(({ ttft }) => ttft)),
        tpot: figuresOf(turns.map(({ tpot }) => tpot).filter((tpot) => tpot > 0)),
        e2e: figuresOf(turns.map(({ e2e }) => e2e)),
      },
      ...replay,
      notes: offload ? ['KV that is offloaded to the host is not modelled'] : [],
    });
  }
  return runs.sort((a, b) => new Intl.Collator('en', { numeric: true }).compare(a.name, b.name));
}

function turnsOf(path: string): readonly Turn[] {
  const text = path.endsWith('.gz') ? gunzipSync(readFileSync(path)).toString('utf8') : readFileSync(path, 'utf8');
  const [header = '', ...lines] = text.split('\n');
  const names = fieldsOf(header.trim());
  const missing = columns.filter((name) => !names.includes(name));
  if (missing.length > 0) throw new InputError(missing.map((name) => ({ path, message: `expected a column ${name}` })));
  const record = new CsvRecord({ file: path, columns: names, constants: new Map() });
  const bad: number[] = [];
  const turns = lines.flatMap((line, i): readonly Turn[] => {
    if (line.trim() === '') return [];
    record.take(line.trim());
    const number = (name: (typeof columns)[number]): number => record.number(name);
    const turn: Turn = {
      config: record.text('config'),
      at: number('rel_s'),
      ttft: number('ttft_ms') / perMillisecond,
      tpot: number('tpot_ms') / perMillisecond,
      e2e: number('latency_ms') / perMillisecond,
      // An empty message still has its template.
      input: Math.max(1, number('input_tokens')),
      output: number('output_tokens'),
      conversation: record.text('conversation'),
    };
    if ([turn.at, turn.ttft, turn.tpot, turn.e2e].every(Number.isFinite) && turn.input >= 1 && turn.output >= 1) return [turn];
    bad.push(i + 2);
    return [];
  });
  if (bad.length > 0) throw new InputError([{ path, message: `${bad.length} lines are no requests, the first of them ${bad.slice(0, 5).join(', ')}` }]);
  return turns;
}

/** Requests in order of their times; blocks of a conversation keep their ids from turn to turn. */
function replayed(turns: readonly Turn[]): TraceColumns {
  const builder = new TraceBuilder(blockTokens);
  const blocks = new Map<string, number[]>();
  let next = 0;
  for (const { at, input, output, conversation } of turns.toSorted((a, b) => a.at - b.at)) {
    const known = blocks.get(conversation) ?? [];
    blocks.set(conversation, known);
    const full = Math.floor(input / blockTokens);
    while (known.length < full) known.push(next++);
    for (let b = 0; b < full; b++) builder.addBlock(known[b] ?? 0);
    builder.add(at, input, output);
  }
  return builder.columns();
}
