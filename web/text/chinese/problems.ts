import { byRules, type Rules } from '../rules.ts';

/** What is expected of a value. */
const wanted: Rules = [
  [/^one of (.+)$/, '应为以下之一：$1'],
  [/^a whole number from (\S+) to (\S+)$/, '应为 $1 到 $2 的整数'],
  [/^a whole number (?:from|of at least) (\S+)$/, '应为不小于 $1 的整数'],
  [/^a number from (\S+) to (\S+)$/, '应为 $1 到 $2 的数'],
  [/^a number from (\S+)$/, '应为不小于 $1 的数'],
  [/^a number above (\S+) to (\S+)$/, '应为大于 $1 且不超过 $2 的数'],
  [/^a number above (\S+)$/, '应为大于 $1 的数'],
  [/^a chance from 0 to 1, or one for each drafted token$/, '应为 0 到 1 的概率，或为每个草稿 token 各给一个'],
  [/^a quantity such as (".+")$/, '应为带单位的量，例如 $1'],
  [/^a time above (?:zero|0)$/, '应为大于零的时间'],
  [/^a rate above zero$/, '应为大于零的速率'],
  [/^a bytes above zero$/, '应为大于零的字节数'],
  [/^a map with the keys (.+)$/, '应为键值映射，键为 $1'],
  [/^a map$/, '应为键值映射'],
  [/^a list$/, '应为列表'],
  [/^true or false$/, '应为 true 或 false'],
  [/^keys and values$/, '应为键和值'],
  [/^the name of a (machine|model|stack) in the catalogue or the path of a file$/, '应为目录中 $1 的名称，或文件路径'],
  [/^the name of a plane$/, '应为平面的名称'],
  [/^a name and a number, such as (.+) or (.+)$/, '应为名称加编号，例如 $1 或 $2'],
  [/^one number after (\S+)$/, '$1 之后应有一个编号'],
  [/^dies, a chip or a node$/, '应为 die、芯片或节点'],
  [/^how long it hangs$/, '应说明挂起多久'],
  [/^at most the (\d+) nodes of (\S+)$/, '$2 最多有 $1 个节点'],
  [/^(\S+) 0 to (\S+) of (\S+)$/, '$3 的 $1 应为 0 到 $2'],
  [/^(\S+) 0 to (\S+), or (\S+) to (\S+)$/, '$1 应为 0 到 $2，或 $3 到 $4'],
  [/^(\S+) 0 to (\S+)$/, '$1 应为 0 到 $2'],
];

/** Whole sentences. Those that a scenario or a fault is most often answered with; what is not here stays English. */
const sentences: Rules = [
  [/^unknown key \(did you mean "(.+?)"\?\); expected one of (.+)$/, '没有这个键（是否指“$1”？）；应为以下之一：$2'],
  [/^unknown key; expected one of (.+)$/, '没有这个键；应为以下之一：$1'],
  [/^unknown (\S+): did you mean "(.+?)"\? expected one of (.+), got (.+)$/, '没有这个 $1：是否指“$2”？应为以下之一：$3；现为 $4'],
  [/^unknown (\S+): expected one of (.+), got (.+)$/, '没有这个 $1：应为以下之一：$2；现为 $3'],
  [/^did you mean "(.+?)"\? expected one of (.+), got (.+)$/, '是否指“$1”？应为以下之一：$2；现为 $3'],
  [/^unknown unit "(.+)"; expected a quantity such as (".+")$/, '没有单位“$1”；应为带单位的量，例如 $2'],
  [/^expected a unit \((.+)\), got the bare number (.+); write it like (".+")$/, '缺少单位（$1），现为 $2；请写成 $3'],
  [/^(".+") is a quantity of (\S+); expected one of (\S+), such as (".+")$/, '$1 是 $2 的量；应为 $3 的量，例如 $4'],
  [/^(\S+) has no plane (\S+); did you mean "(.+?)"\? expected one of (.+), got (.+)$/, '$1 没有平面 $2；是否指“$3”？应为以下之一：$4；现为 $5'],
  [/^(\S+) has no plane (\S+); expected one of (.+), got (.+)$/, '$1 没有平面 $2；应为以下之一：$3；现为 $4'],
  [/^(\S+) has no (\S+)$/, '$1 没有 $2'],
  [/^one instance takes (\d+) (chips|dies), (\S+) has (\d+)$/, '一个实例占用 $1 $2，而 $3 有 $4'],
  [/^takes (\S+) chips \((.+)\), (\S+) has (\d+)$/, '共占用 $1 chips（$2），而 $3 有 $4'],
  [/^(\d+) expert ranks do not divide the (\S+) dies of an instance$/, '$1 个专家 rank 不能整除一个实例的 $2 个 die'],
  [/^(.+) does not divide the (\d+) dies of an instance$/, '$1 不能整除一个实例的 $2 个 die'],
  [/^(\d+) does not divide the (\d+) attention heads of (\S+)$/, '$1 不能整除 $3 的 $2 个注意力头'],
  [/^(\d+) copies of the shared expert do not fit on (\d+) expert ranks$/, '$2 个专家 rank 放不下 $1 份共享专家'],
  [
    /^(\d+) routed \+ (\d+) redundant experts do not divide over (\d+) ranks; redundant: (\d+) would$/,
    '$1 个路由专家加 $2 个冗余专家不能均分到 $3 个 rank；redundant: $4 可以',
  ],
  [/^(\d+) sequences on each rank are more than the (\d+) KV blocks that fit there$/, '每个 rank 的 $1 个序列多于放得下的 $2 个 KV 块'],
  [
    /^(\S+) needs (.+) per (\S+), (.+) there \((.+)\); spread it over more dies or use narrower weights$/,
    '$1 每 $3 需要 $2，只有 $4（$5）；请分布到更多 die，或用更窄的权重',
  ],
  [/^expected the file (.+) to be opened beside the scenario; it was not$/, '文件 $1 应与场景一起打开，现在没有'],
  [/^(.+): the file is empty$/, '$1：文件为空'],
  [/^the file is empty$/, '文件为空'],
  [/^The runs differ in their (.+) too\.$/, '这些运行的 $1 也不同。'],
  [/^(.+) is saturated: its latencies grow with the length of the run\.$/, '$1 已饱和：其延迟随运行时长增长。'],
  [/^(.+) did not reach a steady state\.$/, '$1 没有达到稳态。'],
  [
    /^(.+) cost what an hour does, (.+) what owning takes: the row of owned machines is on one footing\.$/,
    '$1 按时租计价，$2 按自有计价：“自有时的成本”一行口径一致。',
  ],
];

/** What the engine says is wrong, or to be minded; undefined for what is not known here. Names and figures stay as they are. */
export function messageWords(message: string): string | undefined {
  const whole = byRules(sentences, message);
  const [, what, got] = /^expected (.+), got (.+)$/s.exec(message) ?? [];
  if (whole !== undefined || what === undefined || got === undefined) return whole;
  const said = byRules(wanted, what);
  return said === undefined ? undefined : `${said}；${got === 'nothing' ? '现在没有' : `现为 ${got}`}`;
}
