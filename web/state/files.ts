import { InputError } from '../../src/base/errors.ts';
import type { ScenarioValue } from '../worker/shipped.ts';
import type { UserFile } from '../worker/user-files.ts';
import { engine } from './run.ts';
import { issues, scenario } from './scenario.ts';

/** Keys that tell a scenario from a machine, a model or a chip. */
const scenarioKeys = ['workload', 'deployment'] as const;

/** Where a file that is opened alone belongs: the first that has all of these keys. */
const kinds = [
  { key: 'machine', has: ['chip', 'node', 'planes'] },
  { key: 'model', has: ['config'] },
  { key: 'model', has: ['hidden_size'] },
] as const;

/** Takes in files: a scenario with what it names; or a machine, a model or a trace for the scenario that is there. */
export async function openFiles(list: readonly File[]): Promise<void> {
  try {
    const files = await Promise.all(list.map(async (file): Promise<UserFile> => ({ name: file.name, text: await textOf(file) })));
    const parsed = await Promise.all(
      files.map(async (file) => ({
        file,
        value: /\.(ya?ml|json)$/.test(file.name) ? await engine.ask('parse', { text: file.text, path: file.name }) : undefined,
      })),
    );
    const main = parsed.find(({ value }) => scenarioKeys.every((key) => has(value, key)));
    const others = parsed.filter((one) => one !== main);
    const before = scenario.peek();
    const base = main?.value ?? before?.value ?? {};
    const name = main?.file.name.replace(/\.(ya?ml|json)$/, '') ?? before?.name ?? 'scenario';
    const kept = main === undefined ? (before?.files ?? []).filter(({ name: old }) => !files.some((file) => file.name === old)) : [];
    const strange = others.filter(({ file, value: content }) => !belongs(base, file.name, content));
    if (strange.length > 0) throw new InputError(strange.map(({ file }) => ({ path: file.name, message: expected })));
    const value = main === undefined ? others.reduce((all, { file, value: content }) => withFile(all, file.name, content), base) : base;
    scenario.value = { name, value, files: [...kept, ...others.map(({ file }) => file)] };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    issues.value = error.issues;
  }
}

const expected =
  'expected a scenario (keys machine, model, deployment, workload), a machine (chip, node, planes), the config.json of a model, a trace, or a file that the scenario names';

/** Whether a file is one of the kinds that stand alone, or one that the scenario names. */
function belongs(base: unknown, name: string, content: unknown): boolean {
  return /\.(jsonl|csv|txt|gz)$/.test(name) || kinds.some((kind) => kind.has.every((key) => has(content, key))) || JSON.stringify(base).includes(`${name}"`);
}

/** The scenario with a file in it: what has the keys of a machine is the machine, what is no map is a trace. */
function withFile(value: ScenarioValue, name: string, content: unknown): ScenarioValue {
  const kind = kinds.find((one) => one.has.every((key) => has(content, key)));
  if (kind !== undefined) return { ...value, [kind.key]: name };
  return content === undefined ? { ...value, workload: { trace: name } } : value;
}

function has(value: unknown, key: string): boolean {
  return typeof value === 'object' && value !== null && key in value;
}

/** @throws InputError for a zipped file that cannot be unzipped */
async function textOf(file: File): Promise<string> {
  if (!file.name.endsWith('.gz')) return file.text();
  try {
    return await new Response(file.stream().pipeThrough(new DecompressionStream('gzip'))).text();
  } catch {
    throw new InputError([{ path: file.name, message: 'expected a file that gzip has made, whole' }]);
  }
}

/** Saves the scenario as a YAML file. */
export async function saveScenario(): Promise<void> {
  const now = scenario.peek();
  if (now === undefined) return;
  const text = await engine.ask('print', { scenario: now.value });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/yaml' }));
  link.download = `${now.name}.yaml`;
  link.click();
  URL.revokeObjectURL(link.href);
}
