import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { supernode } from './fixtures/command-line.ts';

interface StepJson {
  readonly schema: string;
  readonly precision: { readonly activations: string };
  readonly time: number;
  readonly hostGap: number;
  readonly tpot?: number;
  readonly tokensPerSecondPerChip: number;
  readonly operators: readonly { readonly exposed: number; readonly time: number }[];
  readonly stages: readonly { readonly time: number }[];
  readonly memory: { readonly parts: readonly { readonly bytes: number }[]; readonly capacity: number; readonly kvBlocks: number };
  readonly doubts: readonly { readonly rule: string }[];
}

interface StepAccountJson {
  readonly time: number;
  readonly bottleneck: string;
  readonly improvements: readonly { readonly name: string; readonly time: number; readonly gain: number }[];
  readonly constants: readonly {
    readonly name: string;
    readonly value: number;
    readonly kind: string;
    readonly source: string;
    readonly more: number;
    readonly less: number;
  }[];
}

interface LoadJson {
  readonly imbalance: number;
  readonly balancedness: number;
}

const decode =
  'step --machine cloudmatrix384 --model deepseek-r1 --phase decode --npus 160 --expert-parallel 320 --shared-dies 32 --redundant 32 --microbatches 2 --mtp 1:0.7 --batch 96/npu --context 4096 --weights int8';
const presets: readonly [string, string][] = [
  ['the published decode', decode],
  [
    'the published prefill',
    'step --machine cloudmatrix384 --model deepseek-r1 --phase prefill --npus 16 --attention sp-tp-sp --expert-parallel 32 --redundant 32 --expert-skew uniform --microbatches 2 --tokens 16384/npu --prompt 4096 --weights int8',
  ],
  [
    'R1 on one rack, EP48',
    'step --machine gb200-nvl72 --model deepseek-r1 --phase decode --gpus 48 --expert-parallel 48 --redundant 32 --batch 128/gpu --context 4096',
  ],
  ['R1 on 8 GPUs, TP8', 'step --machine hgx-h200 --model deepseek-r1 --stack sglang --phase decode --gpus 8 --tensor 8 --batch 64/rank --context 4096'],
  ['Llama on 4 GPUs, TP4', 'step --machine hgx-h100 --model llama-3.1-70b --phase decode --gpus 4 --tensor 4 --batch 64/instance --context 2048'],
  ['Llama prefill', 'step --machine hgx-h100 --model llama-3.1-70b --phase prefill --gpus 4 --tensor 4 --tokens 8192/instance --prompt 3000'],
];

describe.each(presets)('%s', (_, line) => {
  test('operators sum to the step, memory to the die, and people get a table', async () => {
    const { code, out, err } = await supernode(...line.split(' '), '--json');
    expect([code, err]).toEqual([0, '']);
    const step = JSON.parse(out) as StepJson;
    expect(Object.keys(step)[0]).toBe('schema');
    expect(step.schema).toBe('supernode/step/1');
    const exposed = step.operators.reduce((sum, operator) => sum + operator.exposed, step.hostGap);
    expect(Math.abs(exposed / step.time - 1)).toBeLessThan(1e-12);
    expect(step.stages.reduce((sum, { time }) => sum + time, 0)).toBeCloseTo(step.time, 12);
    expect(step.memory.parts.reduce((sum, { bytes }) => sum + bytes, 0) / step.memory.capacity).toBeCloseTo(1, 12);
    expect(step.memory.kvBlocks).toBeGreaterThan(0);
    const text = await supernode(...line.split(' '), '--all');
    expect(text.code).toBe(0);
    expect(text.out).toMatch(/bound by/);
    expect(text.out).toMatch(/tokens\/s/);
    expect(text.out).not.toMatch(/NaN|undefined|Infinity/);
    for (const row of text.out.split('\n')) expect(row.length).toBeLessThan(160);
  });
});

test.each([
  ['decode', '--tensor 8 --pipeline 2 --batch 64/instance --context 4096', '1 data-parallel rank of 16 (tensor 8 × 2 pipeline stages), 1 microbatch'],
  [
    'prefill',
    '--tensor 4 --context-parallel 2 --pipeline 2 --tokens 8192/instance --prompt 4096',
    '1 data-parallel rank of 16 (tensor 4 × context 2 × 2 pipeline stages), CP2 (all-gather), 1 microbatch',
  ],
  ['decode', '--tensor 8 --batch 64/instance --context 4096', '2 data-parallel ranks of 8 (tensor), 1 microbatch'],
])('the layout of a %s step says what the dies of a rank do: %s', async (phase, flags, layout) => {
  const { out } = await supernode(...`step --machine hgx-h200*2 --model llama-3.1-70b --gpus 16 --phase ${phase} ${flags}`.split(' '));
  expect(out).toContain(`layout     16 chips (16 dies): ${layout}\n`);
});

test('time per token is the iteration over the tokens that a sequence emits in it', async () => {
  const step = JSON.parse((await supernode(...decode.split(' '), '--json')).out) as StepJson;
  expect(step.tpot).toBeCloseTo(step.time / 1.7, 12);
  expect(step.tokensPerSecondPerChip).toBeCloseTo((96 * 1.7) / step.time, 6);
  expect(step.doubts.map(({ rule }) => rule)).toContain('exchange-degree');
});

test('every constant on the path has a kind and a source, assumed ones come first, and what would help is priced anew', async () => {
  const { code, out } = await supernode(...decode.split(' '), '--constants', '--json');
  expect(code).toBe(0);
  const { time, constants, improvements, bottleneck } = JSON.parse(out) as StepAccountJson;
  expect(constants.length).toBeGreaterThan(25);
  for (const { kind, source, value } of constants) {
    expect(['sheet', 'measured', 'fitted', 'assumed']).toContain(kind);
    expect(source.length).toBeGreaterThan(5);
    expect(Number.isFinite(value)).toBe(true);
  }
  const named = (part: string): StepAccountJson['constants'][number] | undefined => constants.find(({ name }) => name.includes(part));
  expect(named('die: memory: bandwidth')?.less).toBeGreaterThan(0.02);
  expect(named('die: memory: bandwidth')?.more).toBeLessThan(-0.02);
  expect(named('spread: decode')?.kind).toBe('assumed');
  expect(bottleneck).toMatch(/attention-decode.*bound by the matrix cores/);
  const faster = improvements.find(({ name }) => name === 'memory bandwidth +10 %');
  expect(faster?.gain).toBeCloseTo(time / (faster?.time ?? 0) - 1, 9);
  const text = await supernode(...decode.split(' '), '--constants');
  expect(text.out).toMatch(/constants on the path of this step: \d+, of which \d+ are assumed/);
  expect(text.out).toMatch(/what would help/);
  for (const row of text.out.split('\n')) expect(row.length).toBeLessThan(160);
});

test('the load of experts: a power law is uneven where experts lie in their order and nearly even where they are balanced', async () => {
  const skew = async (placement: string): Promise<LoadJson> => {
    const { out } = await supernode(...decode.split(' '), '--expert-load', 'power:0.6', '--expert-placement', placement, '--json');
    return (JSON.parse(out) as { expertLoad: LoadJson }).expertLoad;
  };
  const [plain, balanced] = [await skew('contiguous'), await skew('eplb')];
  expect(plain.imbalance).toBeGreaterThan(2);
  expect(balanced.imbalance).toBeLessThan(plain.imbalance / 2);
  expect(balanced.balancedness).toBeCloseTo(1 / (1 + balanced.imbalance), 9);
});

/** The line with flags put in, taken out (`--flag` alone) or replaced. */
function changed(line: string, changes: Readonly<Record<string, string | undefined>>): string[] {
  const args = line.split(' ');
  for (const [flag, value] of Object.entries(changes)) {
    const at = args.indexOf(flag);
    if (at >= 0) args.splice(at, 2);
    if (value !== undefined) args.push(flag, value);
  }
  return args;
}

test('a stack that nobody knows is told of the machine where its file names it', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'supernode-step-')), 'machine.yaml');
  writeFileSync(path, 'extends: hgx-h100\nname: mine\nstack: vlm\n');
  const { code, err } = await supernode(...changed(decode, { '--machine': path }));
  expect(code).toBe(2);
  expect(err).toMatch(/--machine: unknown stack: did you mean "vllm"/);
});

describe('bad flags end with exit code 2 and say what is right', () => {
  test.each<[string, string[], readonly RegExp[]]>([
    ['unknown machine', changed(decode, { '--machine': 'cloudmatrx384' }), [/--machine: unknown machine.*did you mean "cloudmatrix384"/]],
    ['unknown model', changed(decode, { '--model': 'deepseek-r2' }), [/--model: unknown model.*did you mean "deepseek-r1"/]],
    ['unknown stack', changed(decode, { '--stack': 'vlm' }), [/--stack: unknown stack.*did you mean "vllm"/]],
    [
      'no phase',
      changed(decode, { '--phase': undefined }),
      [/--phase: expected prefill, with --tokens and --prompt, or decode, with --batch and --context, got nothing/],
    ],
    [
      'no sizes',
      'step --machine hgx-h100 --model llama-3.1-8b --phase decode --prompt 9'.split(' '),
      [
        /4 problems/,
        /--npus: expected the size/,
        /--batch: expected a count such as "96\/npu"/,
        /--context: expected the tokens/,
        /--prompt: belongs to --phase prefill/,
      ],
    ],
    ['unknown phase', changed(decode, { '--phase': 'decde' }), [/--phase: did you mean "decode"\? expected one of prefill, decode, got "decde"/]],
    ['bare batch', changed(decode, { '--batch': '96' }), [/--batch: expected a count that says what it is per.*got the bare number 96/]],
    ['unknown unit of a count', changed(decode, { '--batch': '96/nqu' }), [/--batch: did you mean "npu"\? expected one of npu/]],
    ['no batch', changed(decode, { '--batch': '0/npu' }), [/--batch: expected a count above zero/]],
    ['negative batch', changed(decode, { '--batch': '-4/npu' }), [/--batch: expected a count above zero/]],
    ['not a number', changed(decode, { '--batch': 'NaN/npu' }), [/--batch: expected a count such as "96\/npu", got "NaN\/npu"/]],
    ['no context', changed(decode, { '--context': undefined }), [/--context: expected the tokens in the KV of each sequence/]],
    ['zero context', changed(decode, { '--context': '0' }), [/--context: expected a whole number of at least 1, got "0"/]],
    ['experts do not divide', changed(decode, { '--expert-parallel': '300' }), [/--expert-parallel: 300 expert ranks do not divide the 320 dies/]],
    [
      'redundant experts do not divide',
      changed(decode, { '--redundant': '31' }),
      [/--expert-parallel: 256 routed \+ 31 redundant experts do not divide over 320 - 32 = 288 ranks; redundant: 32 would/],
    ],
    ['more shared dies than ranks', changed(decode, { '--shared-dies': '400' }), [/--shared-dies: 400 copies/]],
    ['more chips than the machine', changed(decode, { '--npus': '500' }), [/--npus: one instance takes 500 chips, cloudmatrix384 has 384/]],
    ['no size', changed(decode, { '--npus': undefined }), [/--npus: expected the size of an instance/]],
    ['two sizes', changed(decode, { '--gpus': '160' }), [/says its size 2 times/]],
    ['half a chip', changed(decode, { '--npus': undefined, '--dies': '321' }), [/--npus: 321 dies are not whole chips/]],
    ['heads do not divide', changed(decode, { '--tensor': '5' }), [/--tensor: 5 does not divide the 128 attention heads/]],
    ['unknown format', changed(decode, { '--kv': 'int9' }), [/--kv: did you mean "int8"\? expected one of /]],
    ['a format that the chip lacks', changed(decode, { '--weights': 'fp8' }), [/--activations: ascend-910c does not multiply fp8/]],
    ['chance above one', changed(decode, { '--mtp': '1:1.7' }), [/--mtp: expected a share from 0 to 1, got "1.7"/]],
    ['no chance', changed(decode, { '--mtp': '1' }), [/--mtp: expected DRAFT:ACCEPTANCE such as 1:0.7/]],
    ['three microbatches', changed(decode, { '--microbatches': '3' }), [/--microbatches: expected 1 or 2, got 3/]],
    ['negative skew', changed(decode, { '--expert-skew': '-1' }), [/--expert-skew: expected \(slowest - mean\) \/ mean/]],
    [
      'no such load',
      changed(decode, { '--expert-load': 'zipf' }),
      [/--expert-load: expected power:EXPONENT such as power:0.6, or a file of counts, got "zipf"/],
    ],
    ['load and skew', changed(decode, { '--expert-load': 'power:0.6', '--expert-skew': '0.1' }), [/--expert-load: gives what --expert-skew states/]],
    ['placement of nothing', changed(decode, { '--expert-placement': 'eplb' }), [/--expert-placement: needs --expert-load/]],
    [
      'unknown placement',
      changed(decode, { '--expert-load': 'power:0.6', '--expert-placement': 'elpb' }),
      [/--expert-placement: did you mean "eplb"\? expected one of contiguous/],
    ],
    ['a file that holds no counts', changed(decode, { '--expert-load': 'package.json' }), [/--expert-load: package.json: expected counts of experts/]],
    ['tokens split in decode', changed(decode, { '--attention': 'sp-tp-sp' }), [/--attention: sp-tp-sp .*not decode/]],
    ['flags of the other phase', changed(decode, { '--tokens': '16384/npu' }), [/--tokens: belongs to --phase prefill/]],
    ['unknown flag', [...decode.split(' '), '--contxt', '12'], [/--contxt: no such flag \(did you mean "--context"\?\)/]],
    [
      'a dense model with experts',
      [
        'step',
        '--machine',
        'hgx-h100',
        '--model',
        'llama-3.1-70b',
        '--phase',
        'decode',
        '--gpus',
        '4',
        '--tensor',
        '4',
        '--expert-parallel',
        '4',
        '--batch',
        '8/gpu',
        '--context',
        '128',
      ],
      [/--expert-parallel: llama-3.1-70b has no experts/],
    ],
    [
      'a dense model with what is said of experts',
      'step --machine hgx-h100 --model llama-3.1-70b --phase decode --gpus 4 --tensor 4 --batch 8/gpu --context 128 --expert-weights fp8 --expert-skew 0.5'.split(
        ' ',
      ),
      [/2 problems/, /--expert-weights: llama-3.1-70b has no experts; leave this out/, /--expert-skew: llama-3.1-70b has no experts; leave this out/],
    ],
    [
      'weights that do not fit',
      ['step', '--machine', 'hgx-h100', '--model', 'llama-3.1-70b', '--phase', 'decode', '--gpus', '1', '--batch', '8/gpu', '--context', '128'],
      [/memory: llama-3.1-70b needs 1\d\d GB per die, 8\d\.\d GB there/],
    ],
    [
      'KV that does not fit',
      changed(decode, { '--batch': '192/npu', '--context': '32768' }),
      [/--batch: the KV of 96 sequences of 32,768 tokens needs 22\d GB per die, 3\d.\d GB there.*at most \d+ per rank fit/],
    ],
    [
      'several at once',
      changed(decode, { '--machine': 'cloudmatrix38', '--phase': 'both', '--weights': 'int7', '--npus': '-2' }),
      [/4 problems/, /--machine/, /--phase/, /--weights/, /--npus: expected a whole number/],
    ],
    ['several of a deployment', changed(decode, { '--tensor': '5', '--batch': '96', '--redundant': '30' }), [/--tensor/, /--batch/, /--expert-parallel/]],
  ])('%s', async (_, args, messages) => {
    const { code, out, err } = await supernode(...args);
    for (const message of messages) expect(err).toMatch(message);
    expect(code).toBe(2);
    expect(out).toBe('');
  });
});

describe.each(['vllm', 'sglang', 'tensorrt-llm'])('MXFP4 experts under %s', (stack) => {
  const line = (machine: string): string =>
    `step --machine ${machine} --model gpt-oss-120b --stack ${stack} --phase decode --gpus 1 --batch 64/gpu --context 1024 --no-intervals --json`;
  const run = async (words: string): Promise<StepJson> => JSON.parse((await supernode(...words.split(' '))).out) as StepJson;

  test('are multiplied as engines do on the chip where nothing is stated, and as is stated elsewhere', async () => {
    const [hopper, blackwell, sixteen] = [await run(line('hgx-h100')), await run(line('hgx-b200')), await run(`${line('hgx-b200')} --activations bf16`)];
    expect([hopper, blackwell, sixteen].map(({ precision }) => precision.activations)).toEqual(['bf16', 'fp8', 'bf16']);
    expect(blackwell.time).toBeLessThan(sixteen.time);
    // 2.4 times the bandwidth, four experts of each token among 128: reading them binds.
    expect(blackwell.time).toBeLessThan(hopper.time / 1.5);
  });
});
