import process from 'node:process';
import { loadMachine } from '../../cli/machines.ts';
import { loadStack } from '../../cli/stacks.ts';
import type { CollectiveOperation } from '../../src/catalogue/library.ts';
import { collectiveModel } from '../../src/network/collective.ts';
import { exchangeModel } from '../../src/network/exchange.ts';
import type { Findings } from './findings.ts';
import { spreadText } from './spread.ts';
import { median, rowsOf, type Judged } from './tables.ts';

const operations: Readonly<Record<string, CollectiveOperation>> = {
  all_gather: 'all-gather',
  reduce_scatter: 'reduce-scatter',
  alltoall: 'all-to-all',
};

/** What measured collectives and exchanges show against the ways of their libraries. */
export function tellLinks(findings: Findings): void {
  const library = collectives();
  findings.tell('collectives', library);
  const graphs = inGraphs();
  findings.tell('all-reduce in graphs', graphs);
  findings.tell('all collectives', [...library, ...graphs]);
  findings.tell('exchanges', exchanges());
}

/** Says what the errors of one table are. */
function told(title: string, name: string, errors: readonly number[]): Judged {
  process.stdout.write(`${title}: bias ${median(errors).toFixed(3)}, ${spreadText(errors)}\n`);
  return { name, groups: errors };
}

/** Collectives of the vendor's library, one launch after another. */
function collectives(): readonly Judged[] {
  const judged: Judged[] = [];
  for (const [system, machineName, version, stackName] of [
    ['a100_sxm', 'hgx-a100', '2.27.3', 'vllm'],
    ['h100_sxm', 'hgx-h100', '2.29.2', 'sglang'],
    ['h200_sxm', 'hgx-h200', '2.29.2', 'sglang'],
    ['b200_sxm', 'hgx-b200', '2.29.2', 'sglang'],
    ['gb200', 'gb200-nvl72', '2.29.2', 'tensorrt-llm'],
  ] as const) {
    const machine = loadMachine(machineName, '');
    const stack = loadStack(stackName);
    const errors: number[] = [];
    for (const row of rowsOf(`aiconfigurator/${system}/nccl-${version}/nccl.csv.gz`)) {
      const operation = operations[row['op_name'] ?? ''];
      const bytes = Number(row['message_size']) * (row['nccl_dtype'] === 'half' ? 2 : 1);
      if (operation === undefined || bytes < 16_384) continue;
      errors.push(Math.log((Number(row['latency']) * 1e-3) / collectiveModel(machine, stack, Number(row['num_gpus'])).price(operation, bytes).time));
    }
    judged.push(told(`collectives of ${system}`, system, errors));
  }
  return judged;
}

/** All-reduce of the stacks, as their captured graphs have it. */
function inGraphs(): readonly Judged[] {
  const judged: Judged[] = [];
  for (const [system, machineName, folder, stackName] of [
    ['a100_sxm', 'hgx-a100', 'vllm-0.14.0', 'vllm'],
    ['h100_sxm', 'hgx-h100', 'vllm-0.24.0', 'vllm'],
    ['h100_sxm', 'hgx-h100', 'sglang-0.5.14', 'sglang'],
    ['h200_sxm', 'hgx-h200', 'vllm-0.24.0', 'vllm'],
    ['h200_sxm', 'hgx-h200', 'sglang-0.5.14', 'sglang'],
    ['h200_sxm', 'hgx-h200', 'trtllm-1.3.0rc20', 'tensorrt-llm'],
    ['b200_sxm', 'hgx-b200', 'vllm-0.24.0', 'vllm'],
    ['b200_sxm', 'hgx-b200', 'sglang-0.5.14', 'sglang'],
    ['b200_sxm', 'hgx-b200', 'trtllm-1.3.0rc20', 'tensorrt-llm'],
    ['gb200', 'gb200-nvl72', 'trtllm-1.3.0rc20', 'tensorrt-llm'],
  ] as const) {
    const [machine, stack] = [loadMachine(machineName, ''), loadStack(stackName)];
    const errors = rowsOf(`aiconfigurator/${system}/${folder}/custom_allreduce.csv.gz`)
      .filter((row) => !(row['backend'] ?? '').includes('eager') && Number(row['message_size']) * 2 >= 8192)
      .map((row) =>
        Math.log(
          (Number(row['latency']) * 1e-3) / collectiveModel(machine, stack, Number(row['num_gpus'])).price('all-reduce', 2 * Number(row['message_size'])).time,
        ),
      );
    judged.push(told(`all-reduce of ${system} ${folder}`, system, errors));
  }
  return judged;
}

/** Exchanges of other widths and fan-outs than those of the tables. */
function exchanges(): readonly Judged[] {
  const judged: Judged[] = [];
  for (const [system, machineName, stackName, ranks] of [
    ['h100_sxm', 'hgx-h100', 'sglang', 8],
    ['h200_sxm', 'hgx-h200', 'sglang', 8],
    ['b200_sxm', 'hgx-b200', 'sglang', 8],
    ['gb200', 'gb200-nvl72', 'sglang', 4],
  ] as const) {
    const machine = loadMachine(machineName, '');
    const model = exchangeModel(machine, loadStack(stackName), 'low-latency', ranks);
    for (const operation of ['dispatch', 'combine'] as const) {
      const errors: number[] = [];
      for (const row of rowsOf(`aiconfigurator/${system}/sglang-0.5.12/wideep_deepep_ll.csv.gz`)) {
        const [hidden, tokens, fanout] = [Number(row['hidden_size']), Number(row['num_token']), Number(row['num_topk'])];
        // The tables of the stacks are those of 7,168 and 8.
        if (row['node_num'] !== '1' || (hidden === 7168 && fanout === 8) || tokens < 16) continue;
        errors.push(Math.log((Number(row[`${operation}_avg_t_us`]) * 1e-6) / model.time(operation, { tokens, fanout, hidden, format: 'fp8' })));
      }
      judged.push(told(`${operation} of ${system}`, `${system} ${operation}`, errors));
    }
  }
  return judged;
}
