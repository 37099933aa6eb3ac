import { describe, expect, test } from 'vitest';
import { readTable, type OperatorTable } from '../schema/tables/read-table.ts';
import type { AttentionLaunch } from '../src/cost/calibration/families/attention-shape.ts';

async function* linesOf(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}
const none: ReadonlyMap<string, string> = new Map();
const read = (file: string, lines: readonly string[], constants = none): Promise<OperatorTable> => readTable(linesOf(lines), file, constants);
const formats = ({ cells }: OperatorTable): readonly string[] =>
  cells.map(({ family, format, rows }) => `${family.class} ${format} ${rows.length}`).sort((a, b) => (a < b ? -1 : 1));
const shapeOf = ({ cells }: OperatorTable): AttentionLaunch => cells[0]?.rows[0]?.shape as AttentionLaunch;

const header = 'kernel_source,batch_size,isl,num_heads,num_key_value_heads,head_dim,beam_width,attn_dtype,kv_cache_dtype,step,window_size,latency';

describe('tables of attention', () => {
  test('by prompt length: the mask, the window, milliseconds', async () => {
    const table = await read('context_attention.csv', [
      header,
      'fa3,4,1000,32,8,64,1,bfloat16,bfloat16,0,0,0.5',
      'fa3,4,1000,32,8,64,1,bfloat16,bfloat16,0,128,0.25',
    ]);
    expect(formats(table)).toEqual(['attention-prefill bf16 2']);
    const [whole, windowed] = table.cells[0]?.rows ?? [];
    expect(whole).toMatchObject({ time: 0.5e-3, shape: { sequences: 4, queryTokens: 1000, context: 1000, seen: 500.5, window: 0 } });
    expect(windowed?.shape).toMatchObject({ window: 128, seen: (128 * 129) / 2 / 1000 + (872 * 128) / 1000 });
  });

  test('by length of the KV: the new token counts, and formats and kernels are cells apart', async () => {
    const table = await read('generation_attention.csv', [
      header,
      'fa3,2,1,32,8,128,1,bfloat16,bfloat16,1023,0,0.02',
      'fa3,2,1,32,8,128,1,bfloat16,fp8,1023,0,0.02',
      'triton,2,1,32,8,512,1,bfloat16,fp8,1023,0,0.02',
    ]);
    expect(formats(table)).toEqual(['attention-decode bf16 1', 'attention-decode bf16-kv-fp8 1', 'attention-decode bf16-kv-fp8-triton 1']);
    expect(shapeOf(table)).toMatchObject({ queryTokens: 1, context: 1024, seen: 1024, repeated: true });
  });

  test('take the phase from the operator that an index names', async () => {
    const table = await read('a.csv', [header, 'fa3,2,1,32,8,128,1,bfloat16,bfloat16,1023,0,0.02'], new Map([['op_name', 'generation_attention']]));
    expect(formats(table)).toEqual(['attention-decode bf16 1']);
  });

  test('in microseconds: the phase is in the name of the file', async () => {
    const lines = ['batch,sequence_length,heads,kv_heads,head_dim,microseconds', '4,2048,64,8,128,100'];
    expect(shapeOf(await read('attention_prefill.csv', lines))).toMatchObject({ queryTokens: 2048, context: 2048 });
    expect(shapeOf(await read('attention_decode.csv', lines))).toMatchObject({ queryTokens: 1, context: 2048 });
  });

  test('of one file for each set of heads: heads are in its name', async () => {
    const decode = await read('mha/decode/64-2-256.csv', ['dtype,kv_dtype,batch_size,kv_len,latency_us,mfu', 'bf16,fp8,16,4096,50,0.1']);
    expect(formats(decode)).toEqual(['attention-decode bf16-kv-fp8 1']);
    expect(shapeOf(decode)).toMatchObject({ heads: 64, keyValueHeads: 2, headSize: 256, context: 4096 });
    const prefill = await read('mha/prefill/16-1-256.csv', ['dtype,seq_len,latency_us,mfu', 'bf16,1024,90,0.6']);
    expect(shapeOf(prefill)).toMatchObject({ sequences: 1, queryTokens: 1024, heads: 16, keyValueHeads: 1 });
  });

  test('of profilers: heads of one die; times that hold the host, and decoding on shared pages, are not read', async () => {
    const columns =
      'time_stats.attn_prefill.median,time_stats.attn_decode.median,n_q_head,n_kv_head,num_tensor_parallel_workers,batch_size,prefill_chunk_size,kv_cache_size,is_prefill,attention_backend,mode,measurement_type';
    const table = await read('profile.csv', [
      columns,
      '0.5,0,128,8,4,1,256,1024,True,FLASHINFER,even,KERNEL_ONLY',
      '0,0.5,128,8,4,8,0,1024,False,FLASHINFER,even,KERNEL_ONLY',
      '0,0.5,128,8,4,8,0,1024,False,FLASHINFER,even,CUDA_EVENT',
      '0,0.5,128,8,4,8,0,1024,False,FLASHINFER,even,',
    ]);
    expect(formats(table)).toEqual(['attention-decode bf16-flashinfer 1', 'attention-prefill bf16-flashinfer 1']);
    expect(shapeOf(table)).toMatchObject({ heads: 32, keyValueHeads: 2, queryTokens: 256, context: 1280, seen: 1024 + 128.5 });
  });

  test('of launches that may hold both phases: only those with one are rows', async () => {
    const lines = ['prefill_chunk,kv_prefill,n_decode,kv_decode,time_us', '0,0,4,512,10', '128,64,0,0,20', '128,64,4,512,30'];
    const table = await read('Qwen3-32B/bf16/tp2/attention.csv', lines);
    expect(formats(table)).toEqual(['attention-decode bf16 1', 'attention-prefill bf16 1']);
    expect(shapeOf(table)).toMatchObject({ heads: 32, keyValueHeads: 4 });
  });
});
