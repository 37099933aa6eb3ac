import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { supernode } from './fixtures/command-line.ts';

const questions: readonly (readonly [string, readonly string[]])[] = [
  ['planes', ['cloudmatrix384', '--fail', 'l2 3']],
  ['path', ['cloudmatrix384', '--path', 'die 0', 'npu 40', '--size', '64MB', '--slow', 'l1 0.2:50%']],
  ['collective', ['hgx-h100*4', '--collective', 'all-reduce', '--size', '64MB', '--ranks', '0-7,16-23']],
  ['exchange', ['cloudmatrix384', '--dispatch', '--combine', '--ep', '320', '--tokens', '96', '--fail', 'sub-plane 1']],
];

describe('supernode network', () => {
  test.each(questions)('%s: text without gaps, and JSON with the documented keys', async (_, args) => {
    const text = await supernode('network', ...args);
    expect(text.code).toBe(0);
    expect(text.out).not.toMatch(/NaN|undefined|Infinity/);
    const json = await supernode('network', ...args, '--json');
    const parsed = JSON.parse(json.out) as Record<string, unknown>;
    expect(Object.keys(parsed).slice(0, 3)).toEqual(['schema', 'machine', 'faults']);
    expect(parsed['schema']).toBe('supernode/network/1');
    const guide = readFileSync(new URL('../docs/guide/network.md', import.meta.url), 'utf8');
    expect(Object.keys(parsed).filter((key) => key !== 'schema' && !guide.includes(`\`${key}\``))).toEqual([]);
  });

  test('one link is no links', async () => {
    const { out } = await supernode('network', 'hgx-h100', '--path', 'gpu 0', 'gpu 1', '--plane', 'pcie');
    expect(out).toMatch(/ 1 link, /);
  });

  test('shows the fabric as a picture, with its counts', async () => {
    const { out } = await supernode('network', 'cloudmatrix384');
    expect(out).toMatch(/\[L2\] +112 chips, 16 a sub-plane, 48 ports down each/);
    expect(out).toMatch(/5,376 links of 28\.00 GB\/s from every L1: 150\.5 TB\/s/);
    expect(out).toMatch(/\[L1\] +336 chips, 7 a node/);
  });

  test('a lost sub-plane of seven leaves six sevenths of a path, and of an exchange', async () => {
    const path = await supernode('network', 'cloudmatrix384', '--path', 'die 0', 'die 40', '--fail', 'sub-plane 4', '--json');
    const [best] = (JSON.parse(path.out) as { planes: { capacity: number }[] }).planes;
    expect((best?.capacity ?? 0) / 196e9).toBeCloseTo(6 / 7, 12);
    const exchange = await supernode('network', 'cloudmatrix384', '--dispatch', '--ep', '320', '--tokens', '96', '--fail', 'sub-plane 4', '--json');
    const { left } = (JSON.parse(exchange.out) as { exchange: { left: { share: number }[] } }).exchange;
    expect(left[0]?.share).toBeCloseTo(6 / 7, 9);
  });

  test.each<[string, readonly string[], readonly RegExp[]]>([
    ['ends that are not there', ['--path', 'die 768', 'dye 3'], [/--path "die 768": expected die 0 to 767/, /--path "dye 3": did you mean "die"/]],
    ['one end', ['--path', 'die 1'], [/expected two ends/]],
    ['an end twice', ['--path', 'die 1', 'die 1'], [/two different ends/]],
    ['ends that nothing joins', ['--path', 'cpu 0', 'node 3', '--plane', 'sio'], [/no plane of cloudmatrix384 joins/]],
    [
      'faults',
      ['--fail', 'l3 1', '--fail', 'l2 200', '--slow', 'l2 1'],
      [/--fail "l3 1"/, /--fail "l2 200": expected l2 0 to 111/, /--slow "l2 1": expected what is slow/],
    ],
    ['a collective', ['--collective', 'all-reduc', '--ranks', '1'], [/did you mean "all-reduce"/, /--size: expected the bytes/, /--ranks: expected 2 to 768/]],
    [
      'an exchange',
      ['--dispatch', '--ep', '1000', '--top-k', '300'],
      [/--ep: expected the dies/, /--tokens: expected the tokens of one die, got nothing/, /--top-k: .*256 experts/],
    ],
    ['two questions', ['--dispatch', '--ep', '8', '--tokens', '8', '--path', 'die 0', 'die 1'], [/expected one question/]],
    [
      'dies that cannot reach each other',
      ['--collective', 'all-gather', '--size', '1MB', '--ranks', '32', '--fail', 'node 1'],
      [/no way is left between some of these dies on ub/],
    ],
  ])('%s: refused with everything that is wrong', async (_, args, messages) => {
    const { code, err } = await supernode('network', 'cloudmatrix384', ...args);
    expect(code).toBe(2);
    for (const message of messages) expect(err).toMatch(message);
  });

  test('dies that no plane joins: no collective, and no step', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'islands-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'two-islands.yaml');
    writeFileSync(
      file,
      `name: two-islands
title: two islands
chip: h200
nodes: 2
node: { chips: 8, cpus: 2, cpu: x, dram: { value: 2 TB, kind: estimate, source: x } }
planes:
  - name: nvlink
    role: scale-up
    port: { owner: chip, bandwidth: { value: 450 GB/s, kind: sheet, source: x }, latency: { value: 3 us, kind: estimate, source: x } }
    efficiency: { value: 0.7, kind: estimate, source: x }
    domain-chips: 8
stack: vllm
`,
    );
    const says = /no scale-up, scale-out or host plane of two-islands joins these 16 dies/;
    const collective = await supernode('network', file, '--collective', 'all-reduce', '--ranks', '16', '--size', '1MB');
    expect([collective.code, collective.out]).toEqual([2, '']);
    expect(collective.err).toMatch(says);
    const line = 'step --model llama-3.1-70b --phase decode --gpus 16 --tensor 16 --batch 64/instance --context 4096';
    const step = await supernode(...line.split(' '), '--machine', file);
    expect([step.code, step.out]).toEqual([2, '']);
    expect(step.err).toMatch(says);
    expect((await supernode('network', file, '--collective', 'all-reduce', '--ranks', '8-15', '--size', '1MB')).code).toBe(0);
  });
});
