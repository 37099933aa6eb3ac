import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';
import type { DataFolder } from '../../../schema/catalogue/catalogue.ts';
import '../../parts/field/field.css';
import { catalogue, engine } from '../../state/run.ts';
import { issues, issuesAt, scenario, setKey } from '../../state/scenario.ts';
import { inWords } from '../../text/translated.ts';
import { Documented } from './documented.tsx';
import { dotted, type Path } from './path.ts';
import { kindOf, type SchemaNode } from './schema.ts';
import { scalar } from './scalar.ts';
import { scenarioText } from './text.ts';

interface Props {
  readonly name: string;
  readonly node: SchemaNode;
  readonly value: unknown;
  readonly path: Path;
  readonly remove: ComponentChildren;
}

/** Keys whose values are names of the catalogue. */
const folders: Readonly<Record<string, DataFolder>> = { machine: 'machines', model: 'models', stack: 'stacks', generator: 'workloads' };

/** A key with its value, what it means, and what is wrong with it. */
export function Field({ name, node, value, path, remove }: Props): JSX.Element {
  const text = scenarioText();
  const id = useId();
  const problems = issuesAt(issues.value, dotted(path));
  const about = { 'aria-describedby': `${id}-doc ${id}-problem`, 'aria-invalid': problems.length > 0 };
  const kind = kindOf(node);
  return (
    <div class="field entry">
      <div class="field-head">
        <label for={id}>
          <code>{name}</code>
        </label>
        {remove}
      </div>
      <Control id={id} name={name} node={node} value={value} path={path} about={about} />
      {kind === undefined || node.enum !== undefined ? undefined : <span class="field-kind">{node.examples === undefined ? kind : text.such(kind)}</span>}
      {node.description === undefined ? undefined : <Documented id={`${id}-doc`} text={node.description} />}
      <p class="field-problem" id={`${id}-problem`} role={problems.length > 0 ? 'alert' : undefined}>
        {problems.map(({ message }) => inWords(message)).join('; ')}
      </p>
    </div>
  );
}

interface ControlProps {
  readonly id: string;
  readonly name: string;
  readonly node: SchemaNode;
  readonly value: unknown;
  readonly path: Path;
  readonly about: Readonly<Record<string, string | boolean>>;
}

function Control({ id, name, node, value, path, about }: ControlProps): JSX.Element {
  const text = scenarioText();
  if (node.enum !== undefined)
    return (
      <select id={id} {...about} value={scalar(value)} onChange={({ currentTarget }) => setKey(path, currentTarget.value)}>
        {node.enum.includes(scalar(value)) ? undefined : <option value={scalar(value)}>{scalar(value)}</option>}
        {node.enum.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    );
  if (node.type === 'boolean' && typeof value === 'boolean')
    return (
      <span class="toggle">
        <input type="checkbox" id={id} {...about} checked={value} onChange={({ currentTarget }) => setKey(path, currentTarget.checked)} /> {text.on}
      </span>
    );
  const folder = node.type === 'string' ? folders[name] : undefined;
  const known = folder === undefined ? [] : [...(catalogue.value?.entries[folder] ?? []), ...ownFiles(folder)];
  return (
    <>
      <TextInput
        id={id}
        about={about}
        list={known.length === 0 ? undefined : `${id}-list`}
        numeric={node.type === 'integer' || node.type === 'number'}
        value={shown(value)}
        take={(typed) => void take(typed, node, path)}
      />
      {known.length === 0 ? undefined : (
        <datalist id={`${id}-list`}>
          {known.map(({ name: one, title }) => (
            <option key={one} value={one}>
              {title}
            </option>
          ))}
        </datalist>
      )}
    </>
  );
}

interface TextInputProps {
  readonly id: string;
  readonly about: ControlProps['about'];
  readonly list: string | undefined;
  readonly numeric: boolean;
  readonly value: string;
  readonly take: (typed: string) => void;
}

/** Text that is taken over when it is left; what is being typed stays, whatever the engine says meanwhile. */
function TextInput({ id, about, list, numeric, value, take: taken }: TextInputProps): JSX.Element {
  const typed = useSignal<string | undefined>(undefined);
  return (
    <input
      type="text"
      id={id}
      {...about}
      list={list}
      spellcheck={false}
      autocomplete="off"
      inputMode={numeric ? 'decimal' : undefined}
      value={typed.value ?? value}
      onInput={({ currentTarget }) => (typed.value = currentTarget.value)}
      onChange={({ currentTarget }) => {
        taken(currentTarget.value);
        typed.value = undefined;
      }}
    />
  );
}

function ownFiles(folder: DataFolder): readonly { readonly name: string; readonly title: string }[] {
  return folder === 'workloads'
    ? []
    : (scenario.value?.files ?? []).filter(({ name }) => /\.(ya?ml|json)$/.test(name)).map(({ name }) => ({ name, title: name }));
}

/** A value as it is typed: maps and lists as YAML has them in one line. */
function shown(value: unknown): string {
  if (typeof value !== 'object' || value === null) return scalar(value);
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  return `{ ${Object.entries(value)
    .map(([key, inner]) => `${key}: ${shown(inner)}`)
    .join(', ')} }`;
}

/** What was typed becomes the value: text as it stands, the rest as YAML reads it. What is wrong with it the engine says. */
async function take(typed: string, node: SchemaNode, path: Path): Promise<void> {
  if (node.type === 'string') return setKey(path, typed);
  if (node.type === 'integer' || node.type === 'number') {
    const number = Number(typed.replaceAll(/(?<=\d)[,_](?=\d)/g, ''));
    return setKey(path, typed.trim() !== '' && Number.isFinite(number) ? number : typed);
  }
  try {
    const parsed = await engine.ask('parse', { text: `value: ${typed}`, path: dotted(path) });
    setKey(path, parsed['value'] ?? typed);
  } catch {
    setKey(path, typed);
  }
}
