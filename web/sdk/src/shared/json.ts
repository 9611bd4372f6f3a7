/**
 * JSON of plain data, also on a page that gave every list or object a `toJSON` (Prototype 1.6 did): the language's own writer
 * asks each for it.
 */

// As they are now: pages replace them.
const { stringify } = JSON;
const { isArray } = Array;
const { hasOwn } = Object;

export function toJson(value: unknown): string {
  return 'toJSON' in [] ? written(value) : stringify(value);
}

function written(value: unknown): string {
  if (typeof value !== 'object' || !value) return stringify(value) ?? 'null';
  const list = isArray(value);
  let text = '';
  for (const key in value)
    if (hasOwn(value, key)) {
      const part = (value as Record<string, unknown>)[key];
      if (list) text += `,${written(part)}`;
      else if (part !== undefined) text += `,${stringify(key)}:${written(part)}`;
    }
  text = text.slice(1);
  return list ? `[${text}]` : `{${text}}`;
}
