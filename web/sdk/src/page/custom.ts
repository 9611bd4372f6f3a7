/** Properties of custom events come from the page's own code: made safe and bounded while they are walked, not afterwards. */
import { PROPERTIES_DEPTH_MAX, PROPERTIES_UNITS_MAX } from '../shared/limits.ts';
import { clean } from '../shared/text.ts';

function copy(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return clean(value);
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value;
  if (depth >= PROPERTIES_DEPTH_MAX) return null;
  if (value instanceof Date) return value.toJSON();
  if (Array.isArray(value)) return value.map((entry) => copy(entry, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [clean(key, 256), copy(entry, depth + 1)]));
}

/** As JSON; '' when it is no object or too large. */
export function customProperties(properties: object): string {
  if (typeof properties !== 'object' || properties === null || Array.isArray(properties)) return '';
  try {
    const text = JSON.stringify(copy(properties, 0));
    return text.length <= PROPERTIES_UNITS_MAX ? text : '';
  } catch {
    return '';
  }
}
