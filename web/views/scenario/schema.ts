import text from '../../../schema/scenario.schema.json?raw';

/** A node of the JSON Schema that is made from the checks of the scenario file. */
export interface SchemaNode {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly SchemaNode[];
  readonly examples?: readonly string[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
}

/** The scenario file. */
export const scenarioSchema: SchemaNode = JSON.parse(text) as SchemaNode;

/** What a key begins with when it is added: an example of its own, or the least that it may be. */
export function firstValue(node: SchemaNode): unknown {
  switch (node.type) {
    case 'object':
      return {};
    case 'array':
      return [node.items === undefined ? '' : firstValue(node.items)];
    case 'integer':
    case 'number':
      return node.minimum ?? 1;
    case 'boolean':
      return true;
    case 'string':
      return node.examples?.[0] ?? '';
    case undefined:
    default:
      return node.enum?.[0] ?? node.anyOf?.map(firstValue).find((value) => value !== undefined && value !== '') ?? '';
  }
}

/** What a field takes, in a few words: a unit, a range. */
export function kindOf(node: SchemaNode): string | undefined {
  if (node.type === 'integer' || node.type === 'number') {
    const from = node.exclusiveMinimum === undefined ? node.minimum : node.exclusiveMinimum;
    if (node.maximum === undefined || from === undefined) return node.exclusiveMinimum === undefined ? undefined : `> ${node.exclusiveMinimum}`;
    return `${from} – ${node.maximum.toLocaleString('en-US')}`;
  }
  return node.examples?.[0];
}
