/** What the files of the examples say of them, in Chinese. */
export const exampleWords: Readonly<Record<string, string>> = {
  agentic: '一个 HGX H200 节点上的编程智能体：多轮会话，提示词长到 150,000 token 以上，上一轮回答之后才发出下一轮。',
  clients: '一个 GB200 NVL72 上一天之中的各类客户端：推理服务，客户端的速率、突发性和长度各异，三个租户的优先级不同。',
  'closed-loop': '闭环负载，与基准测试客户端相同：64 个请求同时在途，每个 1,024 个提示 token、256 个输出 token；一个结束再发下一个。',
  'cloudmatrix384-deepseek-r1':
    '在 CloudMatrix384 上运行 DeepSeek-R1，布局同 CloudMatrix-Infer 论文（arXiv 2506.12708）：使用 384 个 NPU 中的 256 个，六个 16 NPU 的预填充实例和一个 160 NPU 的解码实例，其 320 个 die 各放专家。',
  'context-cache': '提示词中有给定比例的 token 先前已计算过，其 KV 保存在所用 32 个节点的内存中：基于 UB 的上下文缓存，下层为弹性存储卷。',
  'control-autoscale': '四个 HGX H100 节点上的 Llama-3.1-70B，负载随一天变化，一小时压缩为两分钟：四卡实例随负载增减。',
  'control-models': '一个 HGX H100 节点上的两个模型，轮流被请求：一个模型的实例把 GPU 让给另一个。',
  'control-ratio': 'CloudMatrix384 上的 DeepSeek-R1，流量由长回答转为长提示词：实例在预填充与解码之间转换。',
  'decode-batches': '两个微批和一个草稿 token 对 CloudMatrix-Infer 论文（arXiv 2506.12708）中的解码实例值多少，按每个 NPU 的序列数。',
  'experts-apart': 'CloudMatrix384 上的 DeepSeek-R1，解码池拆开：160 个 NPU（320 个 die）只做注意力，另外 96 个（192 个 die）放专家，两个微批在其间往返。',
  'experts-balanced':
    '在 experts-unbalanced.yaml 上加控制回路：EPLB 每 30 秒按最近 30 秒的 token 把专家放入 512 个槽位，权重以通信端口四分之一的速率迁移，其余留给通信。',
  'experts-perfect': '在 experts-unbalanced.yaml 上令专家负载天然均衡：均衡最多能带来多少。',
  'experts-together': 'experts-apart.yaml 的部署，但注意力与专家在同一批 die 上：一个 256 NPU 的解码实例，EP512，两个微批共用每个 die。',
  'experts-unbalanced': '热门专家无人均衡：DeepSeek-R1 在 CloudMatrix384 的 288 个 die 上解码，布局同 xDeepServe（arXiv 2508.02520），对专家的需求随时间漂移。',
  'h100-llama-3.1-70b': '一个 HGX H100 节点上的 Llama-3.1-70B：两个四卡实例，BF16，连续批处理与分块预填充。',
  'h200x32-deepseek-r1': '四个 HGX H200 节点上的 DeepSeek-R1，常见做法：每个节点一个实例，八卡张量并行，预填充与解码在同一迭代中（连续批处理与分块预填充）。',
  lora: '一个 GPU 服务一个模型及其适配器（LoRA）：同时放得下 32 个，请求用到 16 个。',
  'nvl72-deepseek-r1':
    '一个 GB200 NVL72 上的 DeepSeek-R1：三个 8 GPU 的预填充实例和一个 48 GPU 的解码实例（EP48），72 个 GPU 都在同一 NVLink 网络上，KV 也经 NVLink 从预填充传到解码。',
  'power-cloudmatrix384': '以相同请求服务 DeepSeek-R1 的三台机器之一，用于比较功率、能耗与成本（docs/guide/power.md）。',
  'power-h200':
    '与 examples/power-cloudmatrix384.yaml 对照：相同的请求，八个 HGX H200 节点，每个节点一个八卡张量并行实例，兼做预填充与解码（docs/guide/power.md）。',
  'power-nvl72': '与 examples/power-cloudmatrix384.yaml 对照：相同的请求，GB200 NVL72 的 16 个 GPU（docs/guide/power.md）。',
};
