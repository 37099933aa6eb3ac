import type { JSX } from 'preact';
import { useId } from 'preact/hooks';
import { issues, issuesAt, setKey } from '../../state/scenario.ts';
import { inWords } from '../../text/translated.ts';
import { Documented } from './documented.tsx';
import { Field } from './field.tsx';
import { dotted, type Path } from './path.ts';
import { firstValue, type SchemaNode } from './schema.ts';
import { scalar } from './scalar.ts';
import { scenarioText } from './text.ts';

interface Props {
  readonly node: SchemaNode;
  readonly value: unknown;
  readonly path: Path;
}

/** The keys of a map that are set, in the order of the schema, and a way to those that are not. */
export function Keys({ node, value, path }: Props): JSX.Element {
  const properties = node.properties ?? {};
  const map = typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : {};
  const set = Object.keys(properties).filter((key) => map[key] !== undefined);
  const simple = set.filter((key) => !isGroup(properties[key] as SchemaNode));
  const groups = set.filter((key) => isGroup(properties[key] as SchemaNode));
  // Keys that the schema does not know are errors: they are shown so that they can be taken away.
  const unknown = Object.keys(map).filter((key) => !(key in properties));
  const field = (key: string): JSX.Element => <Entry key={key} name={key} node={properties[key] ?? {}} value={map[key]} path={[...path, key]} />;
  return (
    <>
      {simple.length + unknown.length === 0 ? undefined : <div class="entries">{[...simple, ...unknown].map(field)}</div>}
      {groups.map(field)}
      <AddKey node={node} set={set} path={path} />
    </>
  );
}

function isGroup({ type }: SchemaNode): boolean {
  return type === 'object' || type === 'array';
}

/** What most people change. */
const openAtFirst = ['deployment', 'workload'];

/** The keys of a group that is closed. */
function summaryOf(value: unknown): string {
  if (Array.isArray(value)) return `× ${value.length}`;
  return Object.entries((value ?? {}) as Readonly<Record<string, unknown>>)
    .map(([key, inner]) => (typeof inner === 'object' ? key : `${key}: ${scalar(inner)}`))
    .join(', ');
}

function Entry({ name, node, value, path }: Props & { readonly name: string }): JSX.Element {
  const text = scenarioText();
  const remove = (
    <button type="button" class="remove" aria-label={text.remove(dotted(path))} title={text.remove(dotted(path))} onClick={() => setKey(path, undefined)}>
      ✕
    </button>
  );
  if (!isGroup(node)) return <Field name={name} node={node} value={value} path={path} remove={remove} />;
  const inside = node.type === 'array' ? <Items node={node} value={value} path={path} /> : <Keys node={node} value={value} path={path} />;
  if (path.length === 1)
    return (
      <details class="group" data-depth={1} open={openAtFirst.includes(name) || issuesAt(issues.value, dotted(path)).length > 0}>
        <summary>
          {name} <small class="quiet">{summaryOf(value)}</small>
        </summary>
        <div class="group-about">
          {node.description === undefined ? undefined : <Documented text={node.description} />}
          {remove}
        </div>
        <Problems path={path} />
        {inside}
      </details>
    );
  return (
    <fieldset class="group" data-depth={path.length}>
      <legend>
        {name} {remove}
      </legend>
      {node.description === undefined ? undefined : <Documented text={node.description} />}
      <Problems path={path} />
      {inside}
    </fieldset>
  );
}

/** What is wrong with a map itself; what is wrong inside stands at its fields. */
function Problems({ path }: { readonly path: Path }): JSX.Element | null {
  const place = dotted(path);
  const own = issuesAt(issues.value, place).filter((issue) => issue.path === place || issue.path.endsWith(`: ${place}`));
  if (own.length === 0) return null;
  return (
    <p class="field-problem" role="alert">
      {own.map(({ message }) => inWords(message)).join('; ')}
    </p>
  );
}

function Items({ node, value, path }: Props): JSX.Element {
  const text = scenarioText();
  const items = Array.isArray(value) ? (value as readonly unknown[]) : [];
  const each = node.items ?? {};
  return (
    <>
      {items.map((item, i) => (
        <Entry key={i} name={String(i + 1)} node={each} value={item} path={[...path, i]} />
      ))}
      <button type="button" onClick={() => setKey(path, [...items, firstValue(each)])}>
        {text.addItem}
      </button>
    </>
  );
}

/** All keys that are not set. */
function AddKey({ node, set, path }: { readonly node: SchemaNode; readonly set: readonly string[]; readonly path: Path }): JSX.Element | null {
  const text = scenarioText();
  const id = useId();
  const rest = Object.entries(node.properties ?? {}).filter(([key]) => !set.includes(key));
  if (rest.length === 0) return null;
  const add = (key: string): void => {
    const chosen = node.properties?.[key];
    if (chosen !== undefined) setKey([...path, key], firstValue(chosen));
  };
  return (
    <select
      id={id}
      class="add-key"
      aria-label={text.addTo(path.length === 0 ? text.top : dotted(path))}
      value=""
      onChange={({ currentTarget }) => {
        add(currentTarget.value);
        currentTarget.value = '';
      }}
    >
      <option value="">{text.add}</option>
      {rest.map(([key, { description }]) => (
        <option key={key} value={key} title={description}>
          {key}
        </option>
      ))}
    </select>
  );
}
