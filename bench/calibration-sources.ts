import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A folder of published operator times: which chip under which stack it measured. */
export interface MeasuredFolder {
  readonly chip: string;
  readonly stack: string;
  /** Under ../shared/measured. */
  readonly folder: string;
  /** Which files of it. */
  readonly files?: RegExp;
  readonly source: string;
  /** Chips with the same kernels under the stack: cells of these classes are drawn to the constants of the first that has them. */
  readonly sisters?: { readonly chips: readonly string[]; readonly classes: RegExp };
}

const systems: Readonly<Record<string, string>> = { a100_sxm: 'a100', b200_sxm: 'b200', gb200: 'gb200', h100_sxm: 'h100', h200_sxm: 'h200' };
const frameworks: Readonly<Record<string, readonly [stack: string, title: string]>> = {
  sglang: ['sglang', 'SGLang'],
  trtllm: ['tensorrt-llm', 'TensorRT-LLM'],
  vllm: ['vllm', 'vLLM'],
};

/** The folders of aiconfigurator: one for each system, framework and version. */
function aiconfigurator(measured: string): readonly MeasuredFolder[] {
  return Object.entries(systems).flatMap(([system, chip]) =>
    readdirSync(join(measured, 'aiconfigurator', system))
      .sort((a, b) => (a < b ? -1 : 1))
      .flatMap((folder): readonly MeasuredFolder[] => {
        const framework = folder.slice(0, folder.indexOf('-'));
        const version = folder.slice(folder.indexOf('-') + 1);
        const [stack, title] = frameworks[framework] ?? [];
        if (stack === undefined) return [];
        return [{ chip, stack, folder: `aiconfigurator/${system}/${folder}`, source: `aiconfigurator 095f58a, ${system}, ${title} ${version}` }];
      }),
  );
}

/** Every folder of measured operator times, in the order in which cells are shipped. */
export function measuredFolders(measured: string): readonly MeasuredFolder[] {
  return [
    { chip: 'ascend-910b', stack: 'vllm-ascend', folder: 'ascend-910b', source: 'aiconfigurator-npu 90d7765a, Ascend 910B, vllm-ascend 0.18.0' },
    ...aiconfigurator(measured),
    ...(['h800', 'h20'] as const).map((chip): MeasuredFolder => ({
      chip,
      stack: 'sglang',
      folder: 'infersim',
      files: new RegExp(`(^|/)${chip}/`),
      source: `InferSim f2293da, ${chip.toUpperCase()}`,
      // The same die at other rates; that of h20 has other ratios of work to bytes, so that its kernels are bound by what h100's never are.
      ...(chip === 'h800' ? { sisters: { chips: ['h100'], classes: /^attention-prefill|^latent|^index|^sparse/ } } : {}),
    })),
    { chip: 'a100', stack: 'vllm', folder: 'vidur', files: /compute_a100/, source: 'Vidur 7d47513, A100' },
    { chip: 'h100', stack: 'vllm', folder: 'vidur', files: /compute_h100/, source: 'Vidur 7d47513, H100' },
    { chip: 'a100', stack: 'vllm', folder: 'frontier', files: /a800_/, source: 'Frontier, A800' },
    { chip: 'h800', stack: 'vllm', folder: 'frontier', files: /h800_/, source: 'Frontier, H800' },
    { chip: 'rtx-4090', stack: 'vllm', folder: 'llmservingsim/perf/RTX4090', source: 'LLMServingSim 5daddb2, RTX 4090, vLLM 0.19' },
    { chip: 'rtx-pro-6000', stack: 'vllm', folder: 'llmservingsim/perf/RTXPRO6000', source: 'LLMServingSim 5daddb2, RTX PRO 6000, vLLM 0.19' },
  ];
}

/** The tables of a folder, relative to ../shared/measured, sorted. */
export function tablesOf(measured: string, { folder, files }: MeasuredFolder): readonly string[] {
  return readdirSync(join(measured, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.csv(\.gz)?$/.test(file) && (files?.test(file) ?? true))
    .sort((a, b) => (a < b ? -1 : 1))
    .map((file) => `${folder}/${file}`);
}
