/** One attempt to deliver a batch, and what its answer means. */

import { clientNow, encodeBatch } from '../shared/batch.ts';
import { ATTEMPT_TIMEOUT_MS, KEEPALIVE_BYTES_MAX, RETRY_FIRST_MS, RETRY_MS_MAX } from '../shared/limits.ts';
import type { Clock } from './clock.ts';
import { platform } from './platform.ts';

export type Verdict =
  /** Answered 2xx. `rejected` events of it were refused for good. */
  | { kind: 'delivered'; rejected: number }
  /** Not kept by the collector; the same batch again, not before `afterMs` if that is given. */
  | { kind: 'again'; afterMs: number | null }
  | { kind: 'too_large' }
  /** It will never be taken. */
  | { kind: 'refused' };

/** 408, 425, 429 and 5xx are the collector's or the network's trouble; other 4xx are the batch's. */
export function verdictOf(status: number, retryAfter: string | null, rejected = 0, now = Date.now()): Verdict {
  if (status >= 200 && status < 300) return { kind: 'delivered', rejected };
  if (status === 413) return { kind: 'too_large' };
  if (status === 408 || status === 425 || status === 429 || status >= 500)
    return { kind: 'again', afterMs: retryAfterMs(retryAfter, now) };
  return { kind: 'refused' };
}

/** Seconds or an HTTP date; null for neither. Never longer than the longest pause, whatever a proxy says. */
export function retryAfterMs(header: string | null, now: number): number | null {
  if (!header) return null;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), RETRY_MS_MAX) : null;
}

/** 1 s · 2^n ± 50 %, at most 6 min. `failures` counts from 1. */
export function pauseMs(failures: number, random = Math.random()): number {
  return Math.min(RETRY_FIRST_MS * 2 ** Math.min(failures - 1, 20) * (0.5 + random), RETRY_MS_MAX);
}

async function gzip(text: string): Promise<Blob | null> {
  if (typeof CompressionStream === 'undefined') return null;
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Response(stream).blob();
}

/** Status of a collector that does not read what its answer, or one of its peers', promised. */
const UNREAD = [400, 415];

export class Sender {
  /** To the site's own origin an encoding is named in a header; another would be asked for leave first, by a preflight. */
  private readonly named: boolean;
  /** The collector has said that it knows gzip by its first bytes. */
  private unnamed = false;
  private flight = new AbortController();

  /** `address`: with the key. */
  constructor(
    private address: string,
    private clock: Clock,
  ) {
    this.named = new URL(address, location.href).origin === location.origin;
  }

  /** The attempt that is on its way is given up. */
  abort(): void {
    this.flight.abort();
  }

  /** Sends the batch whose constant part is `rest`. Never rejects: trouble is a verdict. */
  async attempt(rest: string): Promise<Verdict> {
    const drift = Date.now() - clientNow();
    const text = encodeBatch(rest, clientNow(), this.clock.estimate(drift));
    this.flight = new AbortController();
    const timer = platform.later(() => this.abort(), ATTEMPT_TIMEOUT_MS);
    try {
      const compressed = this.named || this.unnamed ? await gzip(text) : null;
      const sentAt = clientNow();
      const response = await this.post(compressed ?? new Blob([text]), !!compressed);
      const answeredAt = clientNow();
      if (compressed && this.unnamed && UNREAD.includes(response.status)) {
        this.unnamed = false;
        return { kind: 'again', afterMs: null };
      }
      const answer = response.ok ? await response.json().catch(() => ({})) : {};
      if (response.ok) {
        this.clock.observe(sentAt, answeredAt, answer.server_received_at, answer.server_sent_at, drift);
        this.unnamed = !this.named && !!answer.encodings?.includes('gzip');
      }
      return verdictOf(response.status, response.headers.get('Retry-After'), answer.rejected?.length ?? 0);
    } catch {
      return { kind: 'again', afterMs: null };
    } finally {
      platform.notLater(timer);
    }
  }

  /** As a request that needs no preflight: plain text, and no header that says more. */
  private post(body: Blob, compressed: boolean): Promise<Response> {
    const encoding: Record<string, string> = compressed && this.named ? { 'Content-Encoding': 'gzip' } : {};
    return platform.fetch(this.address, {
      method: 'POST',
      headers: { 'Content-Type': 'text/plain', ...encoding },
      body,
      keepalive: body.size <= KEEPALIVE_BYTES_MAX,
      credentials: 'omit',
      signal: this.flight.signal,
    });
  }
}
