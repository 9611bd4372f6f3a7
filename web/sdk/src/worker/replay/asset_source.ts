/** A font or an image that the page looks by, as this browser has it. */
import { fromCache } from './cache.ts';
import { gzip } from './gzip.ts';
import { ASSET_BYTES_MAX, RAW_BYTES_MAX } from './limits.ts';

export interface Asset {
  sha256: string;
  content_type: string;
  encoding: 'gzip' | 'identity';
  raw_bytes: number;
  payload: Uint8Array;
}

/** What the collector keeps; those of text are compressed. */
const KINDS = /^(font\/woff2|image\/(png|jpeg|webp|avif|svg\+xml|gif))$/;
const TEXT = /svg/;
/** It is one visitor's, or not to be kept. */
const PRIVATE = /private|no-store/i;

/** Null: the browser does not have it, or it is not to be kept, or is too large. `images`: these too, or fonts only. */
export async function readAsset(address: string, images: boolean): Promise<Asset | null> {
  // Pages of plain HTTP have no digests.
  if (!crypto.subtle) return null;
  const response = await fromCache(address);
  const { headers } = response;
  const [content_type = ''] = (headers.get('Content-Type') ?? '').split(';');
  if (!response.ok || !KINDS.test(content_type) || PRIVATE.test(headers.get('Cache-Control') ?? '')) return null;
  if (!images && content_type.startsWith('image/')) return null;
  const raw = new Uint8Array(await response.arrayBuffer());
  const encoding = TEXT.test(content_type) ? 'gzip' : 'identity';
  const payload = encoding === 'gzip' && raw.length <= RAW_BYTES_MAX ? await gzip(raw) : raw;
  if (!payload.length || payload.length > ASSET_BYTES_MAX) return null;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', payload));
  let sha256 = '';
  for (const byte of digest) sha256 += (byte | 256).toString(16).slice(1);
  return { sha256, content_type, encoding, raw_bytes: raw.length, payload };
}
