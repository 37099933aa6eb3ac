import { existsSync } from 'node:fs';
import process from 'node:process';
import { Command } from 'commander';
import { Problems } from '../../schema/scenario/problems.ts';
import { readStepFlags } from '../../schema/step/request.ts';
import type { StepRequest } from '../../src/report/step/request.ts';
import { nearest } from '../../src/base/nearest.ts';
import { stepPricer } from '../../src/cost/pricer.ts';
import { loadMachine } from '../machines.ts';
import { calibrationFlag } from '../flags.ts';
import { loadModel } from '../models.ts';
import { checkOwnCells, ownCellsAt, withOwnCells } from '../own-cells.ts';
import { loadStack } from '../stacks.ts';
import { readText } from '../text-file.ts';
import { constantsOf } from '../../src/cost/constants.ts';
import { improvementsOf } from '../../src/cost/improvements.ts';
import { intervalOptions, withIntervalFlags } from '../intervals.ts';
import { stepIntervals } from '../../src/report/step/intervals.ts';
import { stepAsJson } from '../../src/report/step/json.ts';
import { flagsFor } from '../step/dense.ts';
import { idleFlags, type StepVerbFlags as Options } from '../step/flags.ts';
import { showStep } from '../step/text.ts';

/** `supernode step`: one iteration, priced and explained. */
export function command(): Command {
  const verb = new Command('step')
    .allowUnknownOption()
    .allowExcessArguments()
    .option('--machine <name|file>', 'the machine; name*N for N nodes of a scalable one')
    .option('--model <name|path>', 'the model, or the path of a config.json')
    .option('--stack <name|file>', 'the software stack; by default the one of the machine')
    .option('--phase <phase>', 'prefill or decode')
    .option('--npus <n>', 'size of the instance in packages; --gpus and --chips say the same')
    .option('--gpus <n>', 'as --npus')
    .option('--chips <n>', 'as --npus')
    .option('--dies <n>', 'size of the instance in dies')
    .option('--tensor <n>', 'tensor-parallel dies of a rank (1; with sp-tp-sp all)')
    .option('--pipeline <n>', 'pipeline stages (1)')
    .option('--context-parallel <n>', 'prefill: groups of tensor-parallel dies that share the tokens of a prompt (1)')
    .option('--context-exchange <way>', 'with it: all-gather, or ring (all-gather)')
    .option('--decode-context-parallel <n>', 'decode: tensor-parallel dies that share the KV of a sequence (1)')
    .option('--attention <kind>', 'tensor, or sp-tp-sp for prefill')
    .option('--expert-parallel <n>', 'dies over which experts are spread, those of shared copies included (1)')
    .option('--shared-dies <n>', 'dies that hold a copy of the shared expert and nothing else (0: on every die)')
    .option('--redundant <n>', 'redundant copies of routed experts (0)')
    .option('--experts-apart', 'decode: the dies of --expert-parallel are others than those of --npus, which only attend')
    .option('--expert-skew <share>', '(slowest - mean) / mean of expert load, or uniform (0.11)')
    .option('--expert-load <load>', 'instead: popularity of experts, power:EXPONENT, a file of counts, or a table of the imbalance of ranks')
    .option('--expert-placement <kind>', 'with --expert-load: contiguous, eplb, eplb-hierarchical, or a file of placements (contiguous)')
    .option('--expert-where <key=value,...>', 'with --expert-load: lines of the file that are read, such as domain=c4,rank=topk')
    .option('--microbatches <n>', '1 or 2; up to 4 with --experts-apart')
    .option('--mtp <draft:acceptance>', 'drafted tokens and the chance of each, such as 1:0.7')
    .option('--draft <method:n:acceptance>', 'speculation by mtp, eagle, model or ngram: eagle:3:0.8,0.6,0.4')
    .option('--draft-model <name|path>', 'the model that drafts, or the config.json of a head')
    .option('--draft-vocabulary <n>', "entries of a head's own vocabulary (the model's head)")
    .option('--draft-tensor <n>', 'dies that split a draft model (as --tensor)')
    .option('--draft-weights <format>', 'weights of a draft model; as published by default')
    .option('--batch <count>', 'decode: sequences, such as 96/npu')
    .option('--context <tokens>', 'decode: tokens in the KV of each sequence')
    .option('--tokens <count>', 'prefill: tokens of the batch, such as 16384/npu')
    .option('--prompt <tokens>', 'prefill: tokens of each prompt')
    .option('--weights <format>', 'bf16, fp8, int8, int4, fp4; by default as published')
    .option('--expert-weights <format>', 'format of routed experts, where it differs')
    .option('--activations <format>', 'format of the products')
    .option('--kv <format>', 'format of the KV')
    .option(...calibrationFlag)
    .option('--all', 'a table for every part of the step, however small')
    .option('--constants', 'every constant on the path of the step: value, kind, source, and what a fifth of it changes')
    .option('--json', 'for machines: JSON, documented in docs/guide/step.md');
  return withIntervalFlags(verb).action(async (options: Options, self: Command) => {
    const request = await requestOf(options, self);
    const { setting, batch } = request;
    const intervals = intervalOptions(options);
    const account = {
      explanation: stepPricer(setting).explain(batch),
      improvements: improvementsOf(setting, batch),
      intervals: intervals === undefined ? undefined : stepIntervals(request, intervals),
      constants: options.constants === true ? constantsOf(setting, batch) : undefined,
    };
    process.stdout.write(`${options.json === true ? stepAsJson(request, account) : showStep(request, account, options.all === true)}\n`);
  });
}

/** @throws InputError with every problem */
async function requestOf(options: Options, self: Command): Promise<StepRequest> {
  const problems = new Problems('');
  const known = self.options.map(({ long }) => long ?? '');
  for (const typed of self.args) {
    const near = typed.startsWith('-') ? nearest(typed, known) : undefined;
    problems.add(typed, typed.startsWith('-') ? `no such flag${near === undefined ? '' : ` (did you mean "${near}"?)`}` : 'expected a flag');
  }
  const find = async <T>(flag: string, name: string | undefined, load: (name: string) => T): Promise<T | undefined> => {
    if (name === undefined) {
      problems.add(flag, 'expected a name or a path, got nothing');
      return undefined;
    }
    return problems.attempt(flag, () => load(name));
  };
  const machine = await find('--machine', options.machine, (name) => loadMachine(name, '--machine'));
  const model = await find('--model', options.model, (name) => loadModel(name, '--model'));
  const own = (await problems.attempt('--calibration', () => ownCellsAt(options.calibration ?? []))) ?? [];
  const stackFlag = options.stack === undefined ? '--machine' : '--stack';
  const stackName = options.stack ?? machine?.stack;
  const stack =
    stackName === undefined ? undefined : await find(stackFlag, stackName, (name) => loadStack(name, stackFlag, undefined, { cells: () => withOwnCells(own) }));
  if (machine !== undefined && stack !== undefined) await problems.attempt('--calibration', () => checkOwnCells(own, machine.chip, stack));
  const draftModel = options.draftModel === undefined ? undefined : await find('--draft-model', options.draftModel, (name) => loadModel(name, '--draft-model'));
  const texts = new Map<string, string>();
  for (const [flag, path] of [
    ['--expert-load', options.expertLoad],
    ['--expert-placement', options.expertPlacement],
  ] as const) {
    if (path === undefined || !existsSync(path)) continue;
    const text = await problems.attempt(flag, () => readText(path, path, flag));
    if (text !== undefined) texts.set(path, text);
  }
  for (const { path, message } of idleFlags(options)) problems.add(path, message);
  const { flags, issues } = flagsFor(options, model);
  for (const { path, message } of issues) problems.add(path, message);
  return readStepFlags(flags, { machine, model, stack, texts, draftModel }, problems);
}
