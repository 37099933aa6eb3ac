import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { validate } from 'dockerfile-utils';
import { validate as deploymentOk } from 'kubernetes-models/_schemas/IoK8sApiAppsV1Deployment';
import { validate as configMapOk } from 'kubernetes-models/_schemas/IoK8sApiCoreV1ConfigMap';
import { validate as serviceOk } from 'kubernetes-models/_schemas/IoK8sApiCoreV1Service';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { command } from '../../cli/verbs/emulate.ts';
import { readScenario } from '../../schema/scenario/read.ts';
import { contextAt } from '../../cli/scenario.ts';
import { emulate } from './running.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, 'deploy', path), 'utf8');

/** Flags that the verb does not know. */
function unknownFlags(args: readonly string[]): readonly string[] {
  return command()
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .parseOptions([...args]).unknown;
}

describe('the container', () => {
  const text = read('Dockerfile');

  test('has nothing that the checks of Docker files complain of', () => {
    expect(validate(text)).toEqual([]);
  });

  test('copies folders that there are, runs flags that there are, and not as root', () => {
    const copied = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, from = '']) => from.split(' '));
    expect(copied.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    for (const layer of ['src', 'schema', 'batch', 'server', 'cli', 'data']) expect(copied).toContain(layer);
    const [, json = '[]'] = /^CMD (\[.*\])$/m.exec(text.split('\n').findLast((line) => line.startsWith('CMD')) ?? '') ?? [];
    const [file = '', ...flags] = JSON.parse(json) as readonly string[];
    expect(existsSync(join(root, file))).toBe(true);
    expect(unknownFlags(flags)).toEqual([]);
    expect(text).toMatch(/^USER node$/m);
  });

  test('has the Node that the project has', () => {
    const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly devDependencies: { readonly node: string } };
    expect([...text.matchAll(/^FROM node:([\d.]+)-slim/gm)].map(([, version]) => version)).toEqual([devDependencies.node, devDependencies.node]);
  });
});

interface SchemaCheck {
  (value: unknown): boolean;
  errors?: readonly object[] | null;
}

/** Schemas of the Kubernetes API, by kind. */
const schemas: Readonly<Record<string, SchemaCheck>> = { Deployment: deploymentOk, Service: serviceOk, ConfigMap: configMapOk };

/** What a schema says of a manifest, and its keys that the schema has never heard of: those that its check does not look at. */
function linted(manifest: Manifest): readonly unknown[] {
  const unread = new Set<string>();
  const watched = (value: unknown, path: string): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    const own = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, watched(inner, `${path}.${key}`)]));
    if (!Array.isArray(value)) for (const key of Object.keys(own)) unread.add(`${path}.${key}`);
    return new Proxy(Array.isArray(value) ? Object.values(own) : own, {
      get: (target, key, receiver): unknown => {
        unread.delete(`${path}.${String(key)}`);
        return Reflect.get(target, key, receiver);
      },
    });
  };
  const check = schemas[manifest.kind];
  if (check?.(watched(manifest, manifest.kind)) !== true) return [manifest.kind, ...(check?.errors ?? [])];
  return [...unread];
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: never;
}

describe('the manifest', async () => {
  const documents = parseAllDocuments(read('kubernetes.yaml'));
  const manifests = documents.map((document) => document.toJS() as Manifest);
  const of = (kind: string): unknown => manifests.find((manifest) => manifest.kind === kind);
  interface Container {
    readonly args: readonly string[];
    readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
    readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
    readonly [probe: `${string}Probe`]: { readonly httpGet: { readonly path: string; readonly port: string } };
  }
  const deployment = of('Deployment') as {
    readonly spec: {
      readonly selector: { readonly matchLabels: object };
      readonly template: {
        readonly metadata: { readonly labels: object };
        readonly spec: { readonly containers: readonly [Container]; readonly volumes: readonly { readonly name: string }[] };
      };
    };
  };
  const service = of('Service') as {
    readonly spec: { readonly selector: object; readonly ports: readonly { readonly port: number; readonly targetPort: string }[] };
  };
  const { template, selector } = deployment.spec;
  const [container] = template.spec.containers;

  test('is of kinds and versions that clusters know, and its parts find each other', () => {
    expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
    expect(manifests.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`)).toEqual(['v1 ConfigMap', 'apps/v1 Deployment', 'v1 Service']);
    expect(template.metadata.labels).toEqual(selector.matchLabels);
    expect(service.spec.selector).toEqual(selector.matchLabels);
    const ports = new Set(container.ports.map(({ name }) => name));
    for (const { targetPort } of service.spec.ports) expect(ports.has(targetPort)).toBe(true);
    expect(new Set(container.volumeMounts.map(({ name }) => name))).toEqual(new Set(template.spec.volumes.map(({ name }) => name)));
  });

  test('is what the schemas of the Kubernetes API take, without keys that they do not have', () => {
    expect(manifests.flatMap((manifest) => linted(manifest))).toEqual([]);
    const wrong = (change: (manifest: { spec: { replicas: unknown; template: { spec: Record<string, unknown> } } }) => void): readonly unknown[] => {
      const copy = structuredClone(of('Deployment')) as never;
      change(copy);
      return linted(copy);
    };
    expect(wrong(({ spec }) => (spec.replicas = 'one'))).not.toEqual([]);
    expect(wrong(({ spec }) => (spec.template.spec['container'] = []))).toEqual(['Deployment.spec.template.spec.container']);
  });

  test('runs flags that there are, on the port that it names', () => {
    expect(unknownFlags(container.args.slice(1))).toEqual([]);
    expect(container.args[container.args.indexOf('--port') + 1]).toBe(String(container.ports.find(({ name }) => name === 'http')?.containerPort));
  });

  test('holds a scenario that can be read', async () => {
    const { data } = of('ConfigMap') as { readonly data: Readonly<Record<string, string>> };
    const [name, text] = Object.entries(data)[0] ?? ['', ''];
    expect(container.args[0]).toBe(`/scenario/${name}`);
    expect((await readScenario(parse(text), name, contextAt(root))).model.name).toBe('llama-3.1-70b');
  });

  test('asks for probes that are answered', async () => {
    const { url } = await emulate();
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe'] as const)
      expect((await fetch(`${url}${container[probe]?.httpGet.path}`)).status).toBe(200);
  });
});

test('the dashboard asks for series that are served', async () => {
  const { panels } = JSON.parse(read('grafana.json')) as { readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[] };
  const { url } = await emulate();
  // Power is there when there was something to draw it.
  await fetch(`${url}/v1/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"prompt":"a","max_tokens":2}' });
  const scraped = await (await fetch(`${url}/metrics`)).text();
  const served = new Set([...scraped.matchAll(/^([a-zA-Z_:][\w:]*)(?:\{| )/gm)].map(([, name]) => name));
  const asked = panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => [...expr.matchAll(/\b(?:vllm:|supernode_)\w+/g)].map(([name]) => name)));
  expect(asked.length).toBeGreaterThan(10);
  expect(asked.filter((name) => !served.has(name))).toEqual([]);
});
