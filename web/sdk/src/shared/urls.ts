/** Addresses without secrets: names of query parameters stay, their values go unless they are allow-listed. */
import { columns, kept, prefix } from '../../../../schemas/lists/campaign_keys.json';
import { STRING_UNITS_MAX } from './limits.ts';
import { clean } from './text.ts';

/** Campaign parameters say where a visit came from and hold nothing about a person. */
const allowed = [...kept, ...columns.flat()];

export function allowQuery(names: string): void {
  for (const name of names.split(',')) if (name.trim()) allowed.push(name.trim().toLowerCase());
}

function isAllowed(name: string): boolean {
  const key = name.toLowerCase();
  return key.startsWith(prefix) || allowed.includes(key);
}

/** Encodings of encodings are seen through: `%2540` is an `@` to whoever decodes it twice. */
const EMAIL = /[\w.%+!$&*=^~-]+(?:@|%(?:25)*40)(?:[a-z\d-]+(?:\.|%(?:25)*2e))+[a-z]{2,}/gi;
const VALUE = /^(.*?)(;|%(?:25)*(?:3b|3f|23)|=|%(?:25)*3d|$)/i;
/** Within a text: what has a scheme, or begins with a slash; and what looks like a host or the name of a file, up to what could hold a secret. */
const ADDRESS = /(?:(?<![a-z+.-])[a-z][a-z\d+.-]*:(?=\/\/|\w)|(?<![^\s"'(<])\/(?=\S*[?#;=%@]))\S+/gi;
const HOST = /((?<![^\s"'(<@])[\w.-]+(?:\/[\w./-]*|\.\w+)[?#;])[^\s"'<>)]*?((?::\d+:\d+)?(?=[\s"'<>)]|$))/g;
/** What `schemas/examples/addresses.json` calls opaque: a long number, a long word, a hash or UUID, random base64. */
const LONG = /\d{13}|[a-z\d]{40}|^(?=.*\d)(?=.*[a-f])(?:-*[a-f\d]){16,}-*$/i;
const CHANGES = /\d(?=[A-Za-z])|[A-Za-z](?=\d)|[a-z](?=[A-Z])/g;
/** Names of scripts hold a hash of their content, and a stack without them cannot be read. */
const SCRIPT = /\.([cm]?js|css|wasm|map)$/;

/** Masks, as the stream job writes them. The URL parser has encoded those of an address that was cleaned before. */
function mask(text: string): string {
  return text
    .replace(/%7B(email|token|id)%7D/g, '{$1}')
    .replace(/eyJ[\w=.-]*/g, (run) => (run.length < (run.includes('.') ? 8 : 32) ? run : '{token}'))
    .replace(EMAIL, '{email}');
}

function isOpaque(text: string): boolean {
  if (SCRIPT.test(text)) return false;
  const mixed = text.length >= 20 && /\d/.test(text) && (text.match(CHANGES)?.length ?? 0) * 7 >= text.length;
  return mixed || LONG.test(text);
}

/** Path parameters and values go; after a value within a route nothing stays, since a token may hold slashes. */
function scrubPath(path: string, isRoute = false): string {
  let clean = '';
  for (const piece of path.split(/(?<=\/)/)) {
    const separator = piece.endsWith('/') ? '/' : '';
    const segment = separator ? piece.slice(0, -1) : piece;
    const [, name = '', end = ''] = VALUE.exec(segment) ?? [];
    const value = /=|3d$/i.test(end) ? end : '';
    const kept = mask(name + value);
    clean += isOpaque(kept) ? '{id}' : kept || (segment && ';');
    if (value && isRoute) break;
    clean += separator;
  }
  return clean;
}

/** Names stay, with the values of those that are allow-listed: names too, so neither addresses nor queries. */
function scrubQuery(query: string): string {
  let clean = '';
  for (const pair of query.split(/[?&;]/)) {
    const [, name = '', value = ''] = /^([\w.[\]-]{1,40})=(.*)$/.exec(pair) ?? [];
    if (!name || name.startsWith('eyJ') || isOpaque(name)) continue;
    const kept =
      isAllowed(name) && !/^[^?=#]*(\/|%(25)*2f){2}/i.test(value)
        ? mask(value.split(/=|%(?:25)*(?:3[df]|23)/i)[0] as string)
        : '';
    clean += `${clean ? '&' : '?'}${name}=${kept}`;
  }
  return clean;
}

/** A hash that is a route is a path and a query of its own; of any other only the campaign stays, since it can be a token. */
function scrubHash(hash: string): string {
  const [, mark, path = '', query = ''] = /^(#!?)(\/[^?#]*)\??([^#]*)/.exec(hash) ?? [];
  if (mark) return mark + scrubPath(path, true) + scrubQuery(query);
  const campaign = hash
    .slice(1)
    .split(/[?&]/)
    .filter((pair) => isAllowed(pair.split('=')[0] as string));
  return scrubQuery(campaign.join('&')).replace('?', '#');
}

/**
 * User name, password, email addresses, tokens and opaque parts of the path go as well. Returns '' for what is no
 * address. The stream job does the same again: `schemas/examples/addresses.json` holds both to it.
 */
export function scrubUrl(address: string, base: string): string {
  if (!address) return '';
  try {
    const url = new URL(address, base);
    const { protocol, host } = url;
    if (protocol === 'blob:') return protocol + scrubUrl(url.pathname, base);
    // What follows a scheme without a host is content, or a place on the visitor's own device.
    if (!host && protocol !== 'about:') return protocol;
    // Cut before it is looked at: what is longer is cut anyway.
    const path = scrubPath(url.pathname.slice(0, STRING_UNITS_MAX));
    const rest = scrubQuery(url.search) + scrubHash(url.hash.slice(0, STRING_UNITS_MAX));
    return clean(protocol + (host && `//${host}`) + path + rest);
  } catch {
    return '';
  }
}

/** Scrubs every address inside of a text, with a scheme or without; a script's `:line:column` and what is around stay. */
export function scrubText(text: string, base: string): string {
  // Each has a slash, a scheme, or what begins a query.
  if (!/[/:?#;]/.test(text)) return text;
  return text.replace(HOST, '$1$2').replace(ADDRESS, (found) => {
    const [, address = '', tail] = /^(.*?)((?::\d+:\d+)?[\])}>,.;:!'"`]*)$/.exec(found) ?? [];
    if (found[0] === '/') return scrubRequestUrl(address, base) + tail;
    return /:\/\/|^(blob|data|javascript|mailto):/i.test(found) ? scrubUrl(address, base) + tail : found;
  });
}

/**
 * Frames as engines write them: `at new name [as other] (place)`, `at place`; `name@place`. A place is a line and a column
 * of an address, or one of the words of engines.
 */
const FRAME =
  /^(?: +at (?:async )?(?:(?:new |get |set )?[\p{L}\w$.<>#*-]+ (?:\[as [\p{L}\w$.<># -]+\] )?\(.*(?::\d+:\d+|<anonymous>|native|\[native code\]|index \d+)\)|\S*(?::\d+:\d+|<anonymous>|native|\[native code\]|index \d+))|[\p{L}\w$.<>#*/ -]*@.*(?::\d+:\d+|<anonymous>|native|\[native code\]|index \d+))$/u;

/** Frames only: what stands before them is the message again, of any length; names, addresses without secrets, lines, columns. */
export function scrubStack(stack: string, message: string, base: string): string {
  const told = message.replace(/^Uncaught /, '');
  const frames = stack
    .slice(told && stack.startsWith(told) ? told.length : 0)
    .split('\n')
    .filter((line) => FRAME.test(line));
  return clean(scrubText(frames.join('\n'), base).replace(EMAIL, '{email}'));
}

/** As `scrubUrl`, without the origin where it is the page's own. */
export function scrubRequestUrl(address: string, base: string): string {
  const scrubbed = scrubUrl(address, base);
  const { origin } = new URL(base);
  return scrubbed.startsWith(`${origin}/`) ? scrubbed.slice(origin.length) : scrubbed;
}
