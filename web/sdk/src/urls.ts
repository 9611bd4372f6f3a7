/** Addresses without secrets: names of query parameters stay, their values go unless they are allow-listed. */
import { clean } from './masking.ts';

/** Campaign parameters say where a visit came from and hold nothing about a person. */
const allowed = new Set(['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content']);

export function allowQuery(names: string): void {
  for (const name of names.split(',')) if (name.trim()) allowed.add(name.trim());
}

function scrubQuery(query: string): string {
  return query.replace(/([^?&=]+)=([^&]*)/g, (whole, name) => (allowed.has(name) ? whole : `${name}=`));
}

/** A hash that is a route stays, without its query; any other can be a token and goes, unless it is a plain anchor. */
function scrubHash(hash: string): string {
  const route = hash.split('?')[0] as string;
  return /^#(!?\/|[\w-]{1,32}$)/.test(route) ? route : '';
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
