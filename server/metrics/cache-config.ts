import type { Run } from '../../src/serving/deploy.ts';
import type { Labels } from './family.ts';
import type { Scope } from './scope.ts';

/** The fields of vLLM's `CacheConfig` for a pool as Python words them; what the twin has no counterpart of is `None`, and memory is as deployed. */
export function cacheConfigOf({ scenario, deployed }: Run, pool: Scope['pool']): Labels {
  const plant = (pool === 'all' ? deployed.pools.at(-1) : deployed.pools[pool])?.plant;
  const { kv } = scenario.precision;
  return {
    block_size: String(plant?.blockTokens ?? 0),
    cache_dtype: kv === 'bf16' ? 'auto' : kv,
    calculate_kv_scales: 'False',
    cpu_kvcache_space_bytes: 'None',
    enable_prefix_caching: plant?.prefixCaching === true || deployed.plant.cache !== undefined ? 'True' : 'False',
    gpu_memory_utilization: 'None',
    is_attention_free: 'False',
    kv_cache_memory_bytes: 'None',
    kv_sharing_fast_prefill: 'False',
    mamba_block_size: 'None',
    mamba_cache_dtype: 'auto',
    mamba_page_size_padded: 'None',
    mamba_ssm_cache_dtype: 'auto',
    num_cpu_blocks: 'None',
    num_gpu_blocks: String(plant?.kvBlocks ?? 0),
    num_gpu_blocks_override: 'None',
    prefix_caching_hash_algo: 'sha256_cbor',
    sliding_window: 'None',
    swap_space_bytes: '0',
    user_specified_block_size: 'False',
  };
}
