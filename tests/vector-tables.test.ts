import { describe, expect, test } from 'vitest';
import { mergedCells } from '../cli/calibrate/refit.ts';
import { readTable, type OperatorTable } from '../schema/tables/read-table.ts';

async function* linesOf(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}
const none: ReadonlyMap<string, string> = new Map();
const read = (file: string, lines: readonly string[], constants = none): Promise<OperatorTable> => readTable(linesOf(lines), file, constants);
const rowsOf = (tables: readonly OperatorTable[], name: string): readonly unknown[] =>
  mergedCells(tables).flatMap(({ family, rows }) => (family.class === name ? rows : []));
const classes = (table: OperatorTable): readonly string[] => table.cells.map(({ family }) => family.class).sort((a, b) => (a < b ? -1 : 1));

describe('tables of the vector engine', () => {
  test('by kernel, rows, width and bytes of an element', async () => {
    const table = await read('mine.csv', [
      'kernel,dtype,rows,width,element_bytes,microseconds',
      'norm,bf16,64,4096,8,3',
      'quantise,bf16-to-int8,64,4096,3,2',
      'softmax,bf16,64,4096,4,3',
    ]);
    expect(classes(table)).toEqual(['norm', 'quantise']);
    expect(rowsOf([table], 'norm')).toEqual([{ shape: { rows: 64, width: 4096, bytes: 8 }, time: 3 * 1e-6 }]);
    expect(table.cells.map(({ format }) => format)).toEqual(['bf16', 'bf16-to-int8']);
  });

  const profile =
    'time_stats.emb.median,time_stats.input_layernorm.median,time_stats.post_attention_layernorm.median,time_stats.attn_rope.median,time_stats.mlp_act.median,time_stats.add.median,n_head,n_kv_head,n_embd,n_expanded_embd,use_gated_mlp,num_tokens,num_tensor_parallel_workers';
  const times = '0.1,0.2,0.3,0.4,0.5,0.6,128,8,16384,53248,True,100,4';

  test('of profiles: widths of one rank; norms and embeddings only of versions that say how they were measured', async () => {
    const later = await read('profile.csv', [`${profile},measurement_type`, `${times},KERNEL_ONLY`]);
    expect(classes(later)).toEqual(['activation', 'add', 'embedding', 'norm', 'rope']);
    expect(rowsOf([later], 'activation')).toEqual([{ shape: { rows: 100, width: 13_312, bytes: 6 }, time: 0.5 * 1e-3 }]);
    expect(rowsOf([later], 'rope')).toEqual([{ shape: { rows: 100, width: 34 * 128, bytes: 4 }, time: 0.4 * 1e-3 }]);
    expect(rowsOf([later], 'norm')).toEqual([
      { shape: { rows: 100, width: 16_384, bytes: 4 }, time: 0.2 * 1e-3 },
      { shape: { rows: 100, width: 16_384, bytes: 8 }, time: 0.3 * 1e-3 },
    ]);
    expect(classes(await read('profile.csv', [profile, times]))).toEqual(['activation', 'add', 'rope']);
  });

  test('of profiles: times of events around launches, which hold the host, are not read', async () => {
    const lines = [`${profile},measurement_type`, `${times},CUDA_EVENT`];
    await expect(read('profile.csv', lines)).rejects.toThrow('none of the 1 rows');
  });

  test('of layers: norms do not depend on the ranks, so that those of one are read', async () => {
    const lines = ['layer,tokens,time_us', 'layernorm,128,3', 'final_layernorm,128,4', 'act_fn,128,5', 'rotary_emb,128,6', 'embedding,128,7', 'qk_norm,128,8'];
    const whole = await read('Qwen3-32B/bf16/tp1/dense.csv', lines);
    const half = await read('Qwen3-32B/bf16/tp2/dense.csv', lines);
    expect(rowsOf([whole], 'norm')).toHaveLength(2);
    expect(rowsOf([whole, half], 'norm')).toHaveLength(2);
    expect(rowsOf([half], 'activation')).toEqual([{ shape: { rows: 128, width: 12_800, bytes: 6 }, time: 5 * 1e-6 }]);
    expect(rowsOf([half], 'rope')).toEqual([{ shape: { rows: 128, width: 36 * 128, bytes: 4 }, time: 6 * 1e-6 }]);
    expect(rowsOf([half], 'embedding')).toEqual([{ shape: { rows: 128, width: 5120, bytes: 4 }, time: 7 * 1e-6 }]);
  });
});

describe('tables that time one launch in parts', () => {
  const header = 'kernel_source,m,k,quant_dtype,latency';
  const of = (part: string, framework = 'VLLM'): ReadonlyMap<string, string> =>
    new Map([
      ['op_name', part],
      ['framework', framework],
    ]);

  test('add up shape by shape; what lacks a part is left out and counted', async () => {
    const scaled = await read('a.csv', [header, 'static,8,4096,fp8,0.002', 'static,16,4096,fp8,0.003'], of('scale_matrix'));
    const found = await read('b.csv', [header, 'dynamic,16,4096,fp8,0.0005', 'dynamic,8,8192,fp8,0'], of('compute_scale'));
    const [cell, ...more] = mergedCells([scaled, found]);
    expect(more).toEqual([]);
    expect([cell?.family.class, cell?.format]).toEqual(['quantise', 'bf16-to-fp8']);
    expect(cell?.rows).toEqual([{ shape: { rows: 16, width: 4096, bytes: 3 }, time: 0.003 * 1e-3 + 0.0005 * 1e-3 }]);
    expect([...(cell?.left.values() ?? [])]).toEqual([2]);
  });

  test('are read of the framework alone whose steps run what was timed', async () => {
    await expect(read('a.csv', [header, 'sglang,8,4096,fp8,0.002'], of('scale_matrix', 'SGLang'))).rejects.toThrow('no known layout');
    await expect(read('a.csv', [header, 'torch_ops,8,4096,fp8,0.002'], of('compute_scale', 'TRTLLM'))).rejects.toThrow('no known layout');
  });

  test('may hold a part that takes nothing, and no whole that does', async () => {
    await expect(read('b.csv', [header, 'dynamic,8,8192,fp8,-0.001'], of('compute_scale'))).rejects.toThrow('expected a time above 0');
    await expect(read('c.csv', ['kernel,dtype,rows,width,element_bytes,microseconds', 'norm,bf16,64,4096,8,0'])).rejects.toThrow('expected a time above 0');
  });
});
