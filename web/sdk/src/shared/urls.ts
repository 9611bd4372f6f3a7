/** Addresses without secrets: names of query parameters stay, their values go unless they are allow-listed. */
import { columns, kept, prefix } from '../../../../schemas/lists/campaign_keys.json';
import { STRING_UNITS_MAX } from './limits.ts';
import { clean } from './text.ts';

/** Campaign parameters say where a visit came from and hold nothing about a person. */
const allowed = new Set([...kept, ...columns.flat()]);

export function allowQuery(names: string): void {
  for (const name of names.split(',')) if (name.trim()) allowed.add(name.trim().toLowerCase());
}

function isAllowed(name: string): boolean {
  const key = name.toLowerCase();
  return key.startsWith(prefix) || allowed.has(key);
}

/** Everything after these schemes is content, and no place. */
const CONTENT = /^(data|javascript|mailto|sms|tel):$/;
const EMAIL = /[\w.%+!$&*=^~-]+(?:@|%40)(?:[a-z\d-]+\.)+[a-z]{2,}/gi;
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
    const [, name = '', end = ''] = /^(.*?)(;|%3b|%3f|%23|=|%3d|$)/i.exec(segment) ?? [];
    const value = /^(=|%3d)$/i.test(end) ? end : '';
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
      isAllowed(name) && !/^[^?=#]*(\/|%2f){2}/i.test(value) ? mask(value.split(/=|%3[df]|%23/i)[0] as string) : '';
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
    if (CONTENT.test(protocol)) return protocol;
    if (protocol === 'blob:') return protocol + scrubUrl(url.pathname, base);
    // Cut before it is looked at: what is longer is cut anyway.
    const path = scrubPath(url.pathname.slice(0, STRING_UNITS_MAX));
    const rest = scrubQuery(url.search) + scrubHash(url.hash.slice(0, STRING_UNITS_MAX));
    return clean((host ? `${protocol}//${host}` : protocol) + path + rest);
  } catch {
    return '';
  }
}

/** Scrubs every address inside of a text; a script's `:line:column` and what is around stay. */
export function scrubText(text: string, base: string): string {
  return text.replace(/[a-z][a-z\d+.-]*:(?=\/\/|\w)\S+/gi, (found) => {
    const [, address, tail] = /^(.*?)((?::\d+:\d+)?[\])}>,.;:!'"`]*)$/.exec(found) as unknown as string[];
    return /^[^:]*:\/\/|^(blob|data|javascript|mailto):/i.test(found)
      ? scrubUrl(address as string, base) + tail
      : found;
  });
}

/** Frames only, since the message is repeated before them; names, addresses without their secrets, lines and columns. */
export function scrubStack(stack: string, base: string): string {
  const frames = stack.split('\n').filter((line) => /^\s+at |@.*:\d+$/.test(line));
  return clean(scrubText(frames.join('\n'), base));
}

/** As `scrubUrl`, without the origin where it is the page's own. */
export function scrubRequestUrl(address: string, base: string): string {
  const scrubbed = scrubUrl(address, base);
  const { origin } = new URL(base);
  return scrubbed.startsWith(`${origin}/`) ? scrubbed.slice(origin.length) : scrubbed;
}
