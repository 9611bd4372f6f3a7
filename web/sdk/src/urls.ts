/** Addresses without secrets: names of query parameters stay, their values go unless they are allow-listed. */
import { columns, kept, prefix } from '../../../schemas/lists/campaign_keys.json';
import { clean } from './masking.ts';

/** Campaign parameters say where a visit came from and hold nothing about a person. */
const allowed = new Set([...kept, ...columns.flat()]);

export function allowQuery(names: string): void {
  for (const name of names.split(',')) if (name.trim()) allowed.add(name.trim().toLowerCase());
}

function isAllowed(name: string): boolean {
  const key = name.toLowerCase();
  return key.startsWith(prefix) || allowed.has(key);
}

function scrubQuery(query: string): string {
  return query.replace(/([^?&=]+)=([^&]*)/g, (whole, name) => (isAllowed(name) ? whole : `${name}=`));
}

/**
 * A hash that is a route stays, and so do the campaign parameters of a hash. Anything else can be a token and goes, unless
 * it is a plain anchor.
 */
function scrubHash(hash: string): string {
  const route = /^#(!?\/[^?]*|[\w-]{1,32}(?=$|\?))/.exec(hash)?.[1] ?? '';
  const pairs = hash.slice(1 + route.length).split(/[?&]/);
  const campaign = pairs.filter((pair) => pair.includes('=') && isAllowed(pair.split('=')[0] as string));
  const shown = route + (route && campaign[0] ? '?' : '') + campaign.join('&');
  return shown && `#${shown}`;
}

/** User name, password and email addresses go as well. Returns '' for what is no address. */
export function scrubUrl(address: string, base: string = location.href): string {
  if (!address) return '';
  try {
    const url = new URL(address, base);
    const origin = url.host ? `${url.protocol}//${url.host}` : url.protocol;
    const path = url.protocol === 'data:' ? '' : url.pathname;
    return clean(
      (origin + path + scrubQuery(url.search) + scrubHash(url.hash)).replace(/[^/?&=]+(@|%40)[^/?&=]+/g, '***'),
    );
  } catch {
    return '';
  }
}

/** As `scrubUrl`, without the origin where it is the page's own. */
export function scrubRequestUrl(address: string): string {
  const scrubbed = scrubUrl(address);
  return scrubbed.startsWith(`${location.origin}/`) ? scrubbed.slice(location.origin.length) : scrubbed;
}
