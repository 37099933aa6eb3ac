import { byRules, type Rules } from '../rules.ts';

/** What would help (src/cost/improvements.ts) and what lies in the memory of a die (src/cost/memory.ts); names of operators and planes stay. */
const rules: Rules = [
  [/^batch x (\S+)$/, '批大小 × $1'],
  [/^(\d) microbatch(?:es)?$/, '$1 个微批'],
  [/^memory bandwidth (.+)$/, '显存带宽 $1'],
  [/^matrix rate (.+)$/, '矩阵算力 $1'],
  [/^vector rate (.+)$/, '向量算力 $1'],
  [/^(\S+) \((.+)\) bandwidth (.+)$/, '$1（$2）带宽 $3'],
  [/^launches take half$/, '启动开销减半'],
  [/^no gap of the host$/, '没有主机间隙'],
  [/^no spread between ranks$/, 'rank 之间没有快慢差'],
  [/^experts evenly loaded$/, '专家负载均匀'],
  [/^weights: (.+)$/, '权重：$1'],
  [/^KV blocks$/, 'KV 块'],
  [/^kept free$/, '保留空闲'],
  [/^framework reserve$/, '框架保留'],
  [/^less than a block$/, '不足一块'],
  [/^not used$/, '未使用'],
];

/** Undefined for what is not known here. */
export function stepWords(words: string): string | undefined {
  return byRules(rules, words);
}
