/**
 * Properties of custom events come from the page's own code, and may be anything: written as JSON while they are walked,
 * within a budget of values, length and time, so that nothing without an end holds the page up.
 */
import {
  PROPERTIES_DEPTH_MAX,
  PROPERTIES_MS_MAX,
  PROPERTIES_NODES_MAX,
  PROPERTIES_UNITS_MAX,
  STRING_READ_UNITS_MAX,
} from '../shared/limits.ts';
import { clean } from '../shared/text.ts';
import { hasOwn, now, tagOf } from './natives.ts';

// As they are now: pages replace them, and give prototypes a `toJSON`.
const { stringify } = JSON;
const { isArray } = Array;
const { join } = Array.prototype;
const isoOf = Date.prototype.toISOString;
const BIGINT_BITS_MAX = 1024;
const VALUE_MS_MAX = 1;
/** Thrown when the budget is used up. */
const OVER = {};

/** As JSON; '' when it is no object, or too large. */
export function customProperties(properties: unknown): string {
  let nodes = 0;
  let units = 0;
  let ms = 0;
  let lookedAt = now();
  /** What is being walked, outermost first: who is in it himself has no end. */
  const above: unknown[] = [];

  const node = (): undefined => {
    const at = now();
    // Of one value only so much is counted: a busy machine may rest in any, and never cuts a small object.
    ms += Math.min(at - lookedAt, VALUE_MS_MAX);
    lookedAt = at;
    if (++nodes > PROPERTIES_NODES_MAX || ms > PROPERTIES_MS_MAX) throw OVER;
  };
  const write = (value: unknown, unitsMax?: number) => {
    const text = stringify(typeof value === 'string' ? clean(value, unitsMax) : value);
    units += text.length + 1;
    if (units > PROPERTIES_UNITS_MAX) throw OVER;
    return text;
  };
  /** Undefined for what JSON does not have, and for what cannot be read. */
  const json = (value: unknown): string | undefined => {
    node();
    const kind = typeof value;
    // What is written in pieces is put together when it is read, and a number of a million digits is written for minutes.
    if (kind === 'string' && (value as string).length > STRING_READ_UNITS_MAX) return write('[String]');
    if (kind === 'bigint')
      return write(BigInt.asIntN(BIGINT_BITS_MAX, value as bigint) === value ? String(value) : '[BigInt]');
    if (value === null || kind === 'string' || kind === 'number' || kind === 'boolean') return write(value);
    return kind === 'object' ? attempt(() => walk(value as object)) : undefined;
  };
  const walk = (value: object): string => {
    const list = isArray(value);
    const tag = list ? 'Array' : tagOf(value).slice(8, -1);
    if (tag === 'Date') return write(attempt(() => isoOf.call(value as Date)) ?? null);
    const depth = above.length;
    // The platform's own objects lead everywhere: an element to its page, an event to its window.
    if (above.includes(value) || depth >= PROPERTIES_DEPTH_MAX || !(list || tag === 'Object'))
      return write(`[${tag}]`, 64);
    above.push(value);
    const read = (key: string | number) => json(attempt(() => (value as Record<string | number, unknown>)[key]));
    const parts: string[] = [];
    try {
      if (list) for (let i = 0; i < value.length; i++) parts.push(read(i) ?? 'null');
      else
        for (const key in value)
          if (hasOwn(value, key)) {
            const text = read(key);
            if (text) parts.push(`${write(key, 256)}:${text}`);
          } else node();
    } finally {
      above.length = depth;
    }
    return list ? `[${join.call(parts)}]` : `{${join.call(parts)}}`;
  };
  const text = attempt(() => walk(properties as object), true);
  return text?.[0] === '{' ? text : '';
}

/** Undefined where the page's own code throws: a getter, or a proxy. */
function attempt<T>(read: () => T, whole = false): T | undefined {
  try {
    return read();
  } catch (thrown) {
    if (thrown === OVER && !whole) throw thrown;
    return undefined;
  }
}
