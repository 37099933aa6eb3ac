export type Schema = Readonly<Record<string, unknown>>;

export function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Bounds of which the tighter one holds. */
const least = new Set(['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties']);
const most = new Set(['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties']);

/** A schema of what all of the parts take, as far as their keys tell; of keys that two have otherwise the later one holds. */
export function merged(parts: readonly Schema[]): Schema {
  const all: Record<string, unknown> = {};
  for (const part of parts) for (const [key, value] of Object.entries(part)) all[key] = key in all ? together(key, all[key], value) : value;
  return all;
}

function together(key: string, before: unknown, value: unknown): unknown {
  if (typeof before === 'number' && typeof value === 'number') {
    if (least.has(key)) return Math.max(before, value);
    if (most.has(key)) return Math.min(before, value);
  }
  if (key === 'required' && Array.isArray(before) && Array.isArray(value)) return [...(before as readonly unknown[]), ...(value as readonly unknown[])];
  if (key !== 'properties' || !isSchema(before) || !isSchema(value)) return value;
  return Object.fromEntries(
    [...Object.entries(before), ...Object.entries(value)].map(([name, own]) => [
      name,
      name in before && name in value ? { allOf: [before[name], value[name]] } : own,
    ]),
  );
}
