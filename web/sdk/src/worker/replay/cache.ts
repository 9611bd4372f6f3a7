/**
 * Files of the site as this browser has them: from its cache alone, so that no server is asked for anything, and of the page's own
 * origin alone, since a browser reads no other's so.
 */
import type { SheetFile } from './encode/styles.ts';
import { CACHE_MS_MAX } from './limits.ts';

/** A policy that this worker was sent with forbids it: it would be reported each time. */
let forbidden = false;
addEventListener('securitypolicyviolation', () => {
  forbidden = true;
});

/** Rejects where there is none. */
export const fromCache = (address: string): Promise<Response> =>
  forbidden || new URL(address).origin !== location.origin
    ? Promise.reject()
    : fetch(address, { cache: 'only-if-cached', mode: 'same-origin', signal: AbortSignal.timeout?.(CACHE_MS_MAX) });

/** The text of a style sheet; null: it cannot be had. */
export async function readSheet(address: string): Promise<SheetFile | null> {
  try {
    const response = await fromCache(address);
    const text = await response.text();
    // It may be in another encoding than UTF-8.
    return text.includes('\ufffd') ? null : { text, base: response.url };
  } catch {
    return null;
  }
}
