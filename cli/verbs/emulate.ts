import process from 'node:process';
import { Command } from 'commander';
import { Emulator, type EmulatorOptions } from '../../server/emulator.ts';
import { failureNames } from '../../server/faults/injected.ts';
import { streamModes } from '../../server/faults/stream-fault.ts';
import { InputError } from '../../src/base/errors.ts';
import { expectedOneOf } from '../../src/base/nearest.ts';
import { formatTime } from '../../src/base/quantity.ts';
import { summarise } from '../../src/report/summarise.ts';
import { textReport } from '../../src/report/text.ts';
import { applyConfig, configured, listFrom } from '../configured.ts';
import { answersOf, tokenizerOf } from '../emulate/answers.ts';
import { mergedFlags, settingsOf, withEmulateFlags, type EmulateFlags } from '../emulate/flags.ts';
import { kvEventsOf } from '../emulate/kv-events.ts';
import { originsOf } from '../emulate/origins.ts';
import { logAccess, logLine } from '../emulate/log.ts';
import { terminalOptions } from '../output.ts';
import { scenarioInputs } from '../outputs/inputs.ts';
import { outputPaths, withOutputFlags, type OutputFlags } from '../outputs/flags.ts';
import { outputsTo } from '../outputs/outputs.ts';
import { loadOneMachine, loadScenario } from '../scenario.ts';
import { readText } from '../text-file.ts';
import { builtPage } from '../ui/built.ts';
import { pageSource } from '../ui/source.ts';
import { serveFile } from '../ui/static-server.ts';
import { version } from '../version.ts';

type Flags = EmulateFlags & OutputFlags;

/** `supernode emulate FILE`: an OpenAI API in front of a deployment that does not exist, with its timing. */
export function command(): Command {
  const verb = withOutputFlags(withEmulateFlags(new Command('emulate').argument('<file>', 'scenario file (docs/guide/scenario.md)')));
  return configured(verb, { 'hash-seed': 'PYTHONHASHSEED', 'pod-name': 'POD_NAME', 'pod-namespace': 'POD_NAMESPACE', 'pod-ip': 'POD_IP' }).action(
    async (file: string, _: unknown, self: Command) => {
      applyConfig(self);
      process.exitCode = await emulate(file, self.opts<Flags>());
    },
  );
}

async function emulate(file: string, flags: Flags): Promise<number> {
  const outputs = outputsTo(outputPaths(flags, {}, () => scenarioInputs(file, flags)));
  const sized = mergedFlags(flags);
  if (sized.length > 0 && (await loadScenario(file, flags)).deployment.kind !== 'merged')
    throw new InputError(
      sized.map((path) => ({
        path,
        message: 'sizes merged instances, and the scenario has others; expected --set with keys of deployment.prefill and deployment.decode',
      })),
    );
  const scenario = await loadOneMachine(file, { ...flags, set: [...settingsOf(flags), ...(flags.set ?? [])] });
  const tokenizer = tokenizerOf(flags);
  logLine('info', 'starting', { scenario: scenario.name });
  const emulator = new Emulator(scenario, tokenizer, answersOf(flags, tokenizer), optionsOf(file, flags));
  const { engine } = emulator;
  await outputs?.begin(engine.run);
  if (outputs !== undefined) engine.observe({ event: (event) => outputs.tell(event), external: (record) => outputs.tellExternal(record) });
  let code = 0;
  const { promise: asked, resolve: end } = Promise.withResolvers<void>();
  engine.onLate = (late) => {
    if (code === 0) logLine('error', `tokens left ${formatTime(late)} behind their instant, more than --strict allows`);
    code = 1;
    end();
  };
  const port = await emulator.start().catch((error: unknown) => {
    outputs?.abort();
    throw error;
  });
  const scheme = flags.sslCertfile === undefined ? 'http' : 'https';
  logLine('info', 'listening', {
    url: `${scheme}://${flags.host}:${port}`,
    // What clients of OpenAI's API call their base URL.
    base: `${scheme}://${flags.host}:${port}/v1`,
    scenario: scenario.name,
    models: emulator.models.all.map(({ id }) => id),
    speed: flags.speed,
    ...(flags.dashboard === true
      ? { dashboard: `${flags.adminPort === undefined ? `${scheme}://${flags.host}` : 'http://127.0.0.1'}:${emulator.adminPort}/ui/#/run?live=..` }
      : {}),
    ...(flags.instancePorts === undefined ? {} : { instances: emulator.instancePorts.map((own) => `${scheme}://${flags.host}:${own}`) }),
    ...(flags.rankPorts === undefined ? {} : { ranks: emulator.rankPorts.map((own) => `${scheme}://${flags.host}:${own}`) }),
  });
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.once(signal, end);
  const drained = setInterval(() => void outputs?.drain(), 200);
  await asked;
  logLine('info', 'stopping', { inFlight: engine.inFlight, grace: formatTime(code === 0 ? flags.grace : 0) });
  await emulator.stop(code === 0 ? flags.grace * 1000 : 0);
  clearInterval(drained);
  const summary = summarise(engine.run, version);
  await outputs?.end(engine.run, summary, false);
  logLine('info', 'stopped', { lag: engine.lag.report(), requests: summary.requests });
  if (summary.requests.finished > 0) process.stdout.write(textReport(summary, terminalOptions()));
  for (const line of outputs?.told ?? []) process.stdout.write(`${line}\n`);
  return code;
}

/** @throws InputError for flags that do not go together, and files that cannot be read */
function optionsOf(file: string, flags: Flags): EmulatorOptions {
  const { sslCertfile, sslKeyfile } = flags;
  const here = flags.adminPort === undefined && (loopback(flags.host) || flags.adminToken !== undefined);
  if ((sslCertfile === undefined) !== (sslKeyfile === undefined))
    throw new InputError([{ path: sslCertfile === undefined ? '--ssl-certfile' : '--ssl-keyfile', message: 'expected the certificate and its key together' }]);
  if (flags.dialect !== 'vllm' && flags.dialect !== 'sglang')
    throw new InputError([{ path: '--dialect', message: expectedOneOf(flags.dialect, ['vllm', 'sglang']) }]);
  return {
    http: {
      host: flags.host,
      port: flags.port,
      maxBody: Math.floor(flags.maxRequestBodySizeMb * 2 ** 20),
      maxHeader: 2 ** 15,
      maxConnections: flags.maxConnections,
      requestTimeout: flags.requestTimeout * 1000,
      idleTimeout: 75_000,
      echoRequestId: flags.enableRequestIdHeaders === true,
      headers: {},
      origins: originsOf(flags.allowedOrigins),
      tls:
        sslCertfile === undefined || sslKeyfile === undefined
          ? undefined
          : { cert: readText(sslCertfile, sslCertfile, '--ssl-certfile'), key: readText(sslKeyfile, sslKeyfile, '--ssl-keyfile') },
    },
    speed: flags.speed,
    warmUp: 1,
    lateBound: flags.strict ?? Infinity,
    background: flags.background === true,
    models: { served: listFrom(flags.servedModelName), maxContext: flags.maxModelLen },
    keys: listFrom(flags.apiKey),
    version,
    toolShare: flags.toolCallShare,
    maxInFlight: flags.maxInFlight,
    cacheShare: flags.globalCacheHitThreshold,
    hashSeed: flags.hashSeed,
    adapters: listFrom(flags.loraModules),
    dimensions: flags.defaultEmbeddingDimensions,
    dialect: flags.dialect,
    sleepMode: flags.enableSleepMode === true,
    startup: flags.startupDuration,
    oldNames: flags.showHiddenMetrics === true,
    kvMetrics: flags.kvCacheMetrics === true,
    injected: {
      failureShare: flags.failureInjectionRate / 100,
      failures: namesOf(flags.failureTypes, failureNames, '--failure-types'),
      streamShare: flags.streamFaultRate / 100,
      streamFaults: namesOf(flags.streamFaultTypes, streamModes, '--stream-fault-types'),
    },
    kvEvents: kvEventsOf(flags),
    conductor: flags.conductor === true,
    instancePorts: flags.instancePorts,
    rankPorts: flags.rankPorts,
    pod: { name: flags.podName, namespace: flags.podNamespace, ip: flags.podIp },
    admin: {
      here,
      port: flags.adminPort,
      token: flags.adminToken,
    },
    dashboard: flags.dashboard === true ? dashboardOf(file, here || flags.adminPort !== undefined) : undefined,
    onAccess: flags.logHttp === true ? logAccess : undefined,
    onFault: (error) => logLine('error', 'fault', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  };
}

/** @throws InputError where the page is not built, or would have nothing to ask */
function dashboardOf(file: string, administered: boolean): NonNullable<EmulatorOptions['dashboard']> {
  if (!administered)
    throw new InputError([{ path: '--dashboard', message: 'the page needs /admin; expected --admin-port or --admin-token beyond the loopback interface' }]);
  const folder = builtPage();
  return {
    scenario: pageSource(file),
    page: (path, { request, response }) => serveFile(folder, path.endsWith('/') ? `${path}index.html` : path, request.method, response),
  };
}

/** @throws InputError for a name that is not among them */
function namesOf<Name extends string>(given: readonly string[] | string | undefined, all: readonly Name[], flag: string): readonly Name[] {
  const names = listFrom(given);
  const issues = names.filter((name) => !all.some((one) => one === name)).map((name) => ({ path: flag, message: expectedOneOf(name, all) }));
  if (issues.length > 0) throw new InputError(issues);
  return names.length === 0 ? all : all.filter((one) => names.includes(one));
}

function loopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
