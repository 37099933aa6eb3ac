import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { supernode } from '../fixtures/command-line.ts';
import { shownJson, shownProtobuf } from './shown-trace.ts';

const folder = mkdtempSync(join(tmpdir(), 'supernode-trace-'));
const pools = 'examples/cloudmatrix384-deepseek-r1.yaml';
const merged = 'examples/closed-loop.yaml';

const faults = 'faults=[{ at: 500 ms, kill: npu 17, for: 1 s }, { at: 600 ms, slow: "die 200:50%", for: 1 s }, { at: 2 s, kill: npu 100 }]';

/** A run as both formats show it. */
async function traced(scenario: string, ...flags: readonly string[]): Promise<{ readonly json: string; readonly protobuf: Uint8Array }> {
  const [json, protobuf] = [join(folder, 'run.json'), join(folder, 'run.perfetto-trace.gz')];
  for (const path of [json, protobuf]) {
    const { code, out, err } = await supernode('simulate', scenario, '--no-intervals', '--trace-out', path, ...flags);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain(`wrote ${path}\n`);
  }
  return { json: readFileSync(json, 'utf8'), protobuf: gunzipSync(readFileSync(protobuf)) };
}

describe('--trace-out', () => {
  test.each([
    ['pools', pools, ['--requests', '400']],
    ['merged instances', merged, ['--requests', '200', '--trace-requests', '5']],
    ['preemption', merged, ['--requests', '600', '--set', 'workload.concurrency=512', '--set', 'deployment.merged.gpu-memory-utilization=0.25']],
    ['faults', pools, ['--requests', '2000', '--set', faults]],
    ['a window', pools, ['--requests', '400', '--trace-window', '0.1s..300ms']],
  ])(
    '%s: JSON and protocol buffers show the same, and what is shown nests',
    async (what, scenario, flags) => {
      const { json, protobuf } = await traced(scenario, ...flags);
      const shown = shownJson(json);
      expect(shownProtobuf(protobuf)).toEqual(shown);
      expect(shown.slices.length).toBeGreaterThan(10);
      expect(shown.values.length).toBeGreaterThan(10);
      expect(shown.slices.filter((slice) => /^run \/ faults \d+ \/ 0 \/ (kill|slow) /.test(slice)).length).toBe(what === 'faults' ? 3 : 0);
      const states = shown.slices.flatMap((slice) => /: state \/ \d+ \/ (stands still|off)/.exec(slice)?.[1] ?? []);
      expect(new Set(states)).toEqual(new Set(what === 'faults' ? ['stands still'] : []));
      expect(shown.marks.some((mark) => mark.includes('preempted'))).toBe(what === 'preemption');
    },
    60_000,
  );

  test('each pool and plane is a process, each instance a lane; arrows lead from requests through steps and pushes', async () => {
    const { json } = await traced(pools, '--requests', '400', '--trace-requests', '7');
    const { slices, arrows } = shownJson(json);
    const lanes = new Set(slices.map((slice) => slice.split(' / ').slice(0, 2).join(' / ')));
    for (const lane of [
      'requests / in flight 0',
      'prefill pool / prefill 0',
      'prefill pool / prefill 5',
      'decode pool / decode 6',
      'plane rdma / KV push 0',
      'plane ub / cache read 0',
    ])
      expect([...lanes]).toContain(lane);
    const [names, numbers] = [slices.map((slice) => slice.split(' / ')[3]), new Set(arrows.map((arrow) => arrow.split(' / ')[0]))];
    expect(names.filter((name) => name?.startsWith('request ')).length).toBe(7);
    expect(numbers.size).toBe(7);
    for (const process of ['requests', 'prefill pool', 'plane rdma', 'decode pool'])
      expect(arrows.some((arrow) => arrow.includes(` / ${process} / `))).toBe(true);
  });
});
