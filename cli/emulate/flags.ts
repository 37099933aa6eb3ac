import type { Command } from 'commander';
import { numberFlag, timeFlag } from '../durations.ts';
import { calibrationFlag, portFlag, repeated, wholeFlag } from '../flags.ts';
import type { ScenarioFlags } from '../scenario.ts';

/** Flags of `supernode emulate` beside those of its outputs. Times in seconds. */
export interface EmulateFlags extends Pick<ScenarioFlags, 'set' | 'seed' | 'slo' | 'calibration'> {
  readonly host: string;
  readonly port: number;
  readonly speed: number;
  readonly strict?: number;
  readonly background?: boolean;
  readonly grace: number;
  readonly servedModelName?: readonly string[] | string;
  readonly maxModelLen?: number;
  readonly tokenizer?: string;
  readonly mode: string;
  readonly answerTokens: number;
  readonly datasetPath?: string;
  readonly upstream?: string;
  readonly upstreamKey?: string;
  readonly upstreamModel?: string;
  readonly toolCallShare: number;
  readonly hashSeed: string;
  readonly loraModules?: readonly string[] | string;
  readonly maxLoras?: number;
  readonly defaultEmbeddingDimensions?: number;
  readonly kvEventsReplayQueueSize?: number;
  readonly apiKey?: readonly string[] | string;
  readonly allowedOrigins: readonly string[] | string;
  readonly sslCertfile?: string;
  readonly sslKeyfile?: string;
  readonly maxRequestBodySizeMb: number;
  readonly maxConnections: number;
  readonly maxInFlight: number;
  readonly globalCacheHitThreshold: number;
  readonly requestTimeout: number;
  readonly enableRequestIdHeaders?: boolean;
  readonly logHttp?: boolean;
  readonly dialect: string;
  readonly enableSleepMode?: boolean;
  readonly startupDuration: number;
  readonly showHiddenMetrics?: boolean;
  readonly kvCacheMetrics?: boolean;
  readonly failureInjectionRate: number;
  readonly failureTypes?: readonly string[] | string;
  readonly streamFaultRate: number;
  readonly streamFaultTypes?: readonly string[] | string;
  readonly dashboard?: boolean;
  readonly adminPort?: number;
  readonly instancePorts?: number;
  readonly rankPorts?: number;
  readonly podName?: string;
  readonly podNamespace?: string;
  readonly podIp?: string;
  readonly adminToken?: string;
  readonly kvEventsConfig?: string;
  readonly zmqEndpoint?: string;
  readonly kvEventsReplayEndpoint?: string;
  readonly useVllmMapEventFormat?: boolean;
  readonly kvEventFormat: string;
  readonly conductor?: boolean;
  readonly maxNumSeqs?: number;
  readonly tensorParallelSize?: number;
  readonly dataParallelSize?: number;
  readonly maxWaitingQueueLength?: number;
}

/** Adds them to the verb. */
export function withEmulateFlags(verb: Command): Command {
  return verb
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <n>', 'port to listen on', portFlag(), 8000)
    .option('--speed <factor>', 'simulated seconds in each second', numberFlag(0.001, 10_000), 1)
    .option('--strict <time>', 'end with exit code 1 when tokens leave later than this behind their instant', timeFlag)
    .option('--background', 'serve the traffic of the scenario beside that of clients')
    .option('--grace <time>', 'time that requests in flight have to finish at the end; 30 s by default', timeFlag, 30)
    .option('--seed <n>', 'seed of every random stream', wholeFlag(0))
    .option('--set <key=value>', 'change a key of the scenario (repeatable)', repeated)
    .option(...calibrationFlag)
    .option('--slo <bounds>', 'service level, such as ttft:2s,tpot:50ms; bare numbers are ms')
    .option('--served-model-name <names...>', 'names of the model for clients, instead of that of the scenario')
    .option('--max-model-len <tokens>', 'bound of prompt and answer together below that of the deployment', wholeFlag(2))
    .option('--tokenizer <path>', 'tokenizer.json, or a folder that holds one, instead of the one that is shipped')
    .option('--mode <name>', 'text of answers: random (filler) or echo', 'random')
    .option('--answer-tokens <n>', 'mean length of answers that nothing else sets', wholeFlag(1), 250)
    .option('--dataset-path <file>', 'answers out of a JSON Lines file')
    .option('--upstream <url>', 'answers of another server with an OpenAI API, timed by the engine')
    .option('--upstream-key <key>', 'its API key')
    .option('--upstream-model <name>', 'what it is asked for')
    .option('--tool-call-share <share>', 'chance that an answer that may call a function does', numberFlag(0, 1), 0.5)
    .option('--hash-seed <text>', 'seed of block hashes', '0')
    .option('--lora-modules <name=path...>', 'adapters that are loaded from the beginning')
    .option('--max-loras <n>', 'adapters that are resident at once on a data-parallel rank', wholeFlag(1))
    .option('--default-embedding-dimensions <n>', 'numbers of an embedding where a request does not say; 384 by default', wholeFlag(1))
    .option('--api-key <keys...>', 'let in only who has one of these keys')
    .option('--allowed-origins <origins...>', 'origins of pages that a browser lets use the API; * is any', ['*'])
    .option('--ssl-certfile <file>', 'certificate: serve HTTPS')
    .option('--ssl-keyfile <file>', 'its key')
    .option('--max-request-body-size-mb <n>', 'largest body of a request', numberFlag(0.001, 1024), 4)
    .option('--max-connections <n>', 'connections at most', wholeFlag(1), 20_000)
    .option('--max-in-flight <n>', 'requests in flight at most; more are told 429', wholeFlag(1), 10_000)
    .option('--global-cache-hit-threshold <share>', 'share of a prompt that has to be cached for it to be answered', numberFlag(0, 1), 0)
    .option('--request-timeout <time>', 'time that a client has to send a request; 60 s by default', timeFlag, 60)
    .option('--enable-request-id-headers', 'answer with the X-Request-Id of the request')
    .option('--log-http', 'log every request')
    .option('--dialect <name>', 'routes and metrics of vllm or of sglang', 'vllm')
    .option('--enable-sleep-mode', 'serve /sleep, /wake_up and /is_sleeping')
    .option('--startup-duration <time>', 'time until /health/ready says so', timeFlag, 0)
    .option('--show-hidden-metrics', 'metrics under names that were given up as well')
    .option('--kv-cache-metrics', 'metrics of how long KV blocks live')
    .option('--failure-injection-rate <percent>', 'share of the requests that fail', numberFlag(0, 100), 0)
    .option('--failure-types <names...>', 'how they fail; all ways by default')
    .option('--stream-fault-rate <percent>', 'share of the streams that go wrong', numberFlag(0, 100), 0)
    .option('--stream-fault-types <names...>', 'how they do; all ways by default')
    .option('--kv-events-config <json>', 'publish events of the prefix caches over ZeroMQ, in the words of vLLM')
    .option('--zmq-endpoint <address>', 'publish them here')
    .option('--kv-events-replay-endpoint <address>', 'give batches again here')
    .option('--kv-events-replay-queue-size <n>', 'batches that can be given again; 10000 by default', wholeFlag(1))
    .option('--kv-event-format <name>', 'how they are laid out: map or positional (vLLM), or mooncake', 'map')
    .option('--use-vllm-map-event-format', 'the same as --kv-event-format map')
    .option('--conductor', "answer the calls of Mooncake's conductor")
    .option('--max-num-seqs <n>', 'sequences that a data-parallel rank runs at once', wholeFlag(1))
    .option('--tensor-parallel-size <n>', 'dies over which merged instances split every layer', wholeFlag(1))
    .option('--data-parallel-size <n>', 'merged instances', wholeFlag(1))
    .option('--max-waiting-queue-length <n>', 'requests in flight that the deployment takes in before it turns others away', wholeFlag(1))
    .option('--instance-ports <first>', 'a port for each instance as well, prefill before decode, counted up from this one', portFlag())
    .option('--rank-ports <first>', 'a port for each data-parallel rank of each instance as well, in the same order', portFlag())
    .option('--pod-name <name>', 'pod that answers name in x-inference-pod, with the port in x-inference-port; POD_NAME in the environment')
    .option('--pod-namespace <name>', 'namespace that they name in x-inference-namespace; POD_NAMESPACE in the environment')
    .option('--pod-ip <address>', 'address in the topics of KV events, instead of that of --host; POD_IP in the environment')
    .option('--dashboard', 'serve the page at /ui/, which shows the run as it goes on, beside /admin')
    .option('--admin-port <n>', 'serve /admin on this port of the loopback interface, and not beside the API', portFlag())
    .option('--admin-token <token>', 'let only who has it use /admin; needed for it beyond the loopback interface');
}

/** Flags that size merged instances, of those that were given. */
export function mergedFlags({ maxNumSeqs, tensorParallelSize, dataParallelSize, maxLoras }: EmulateFlags): readonly string[] {
  const given = {
    '--max-loras': maxLoras,
    '--max-num-seqs': maxNumSeqs,
    '--tensor-parallel-size': tensorParallelSize,
    '--data-parallel-size': dataParallelSize,
  };
  return Object.entries(given).flatMap(([flag, value]) => (value === undefined ? [] : [flag]));
}

/** Flags of serving engines as settings of the scenario: what they say changes what is simulated. */
export function settingsOf(flags: EmulateFlags): readonly string[] {
  const { maxNumSeqs, tensorParallelSize: tensor, dataParallelSize: data, maxWaitingQueueLength: queue } = flags;
  return [
    ...(flags.maxLoras === undefined ? [] : [`deployment.merged.lora.slots=${flags.maxLoras}`]),
    ...(maxNumSeqs === undefined ? [] : [`deployment.merged.max-num-seqs=${maxNumSeqs}/rank`]),
    ...(tensor === undefined ? [] : [`deployment.merged.tensor=${tensor}`, `deployment.merged.gpus=${tensor}`]),
    ...(data === undefined ? [] : [`deployment.merged.instances=${data}`]),
    ...(queue === undefined ? [] : [`policies.admission.in-flight=${queue}`]),
  ];
}
