/** Couriers, and a collector that answers them as a test says: it stands in the place of `fetch`. */
import 'fake-indexeddb/auto';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import type { ClientHints, TelemetryEvent } from '../src/shared/batch.ts';
import { type Header, WIDTH } from '../src/shared/chunk.ts';
import type { Order, Report, Start } from '../src/shared/messages.ts';
import { EVENT_TYPES } from '../src/shared/types.ts';
import { Courier } from '../src/worker/courier.ts';
import { StoredOutbox } from '../src/worker/stored_outbox.ts';

export const ADDRESS = 'https://collect.example/v1/events?key=shop-key';
export const SOME = '01234567-89ab-7000-8000-0000000000dd';
export const TAB = '01234567-89ab-7000-8000-0000000000aa';

export interface Batch {
  batch_id: string;
  batch_seq: number;
  tab_id: string;
  sent_at: number;
  clock: { offset_ms: number } | null;
  client_hints: ClientHints;
  events: TelemetryEvent[];
}

export interface Attempt {
  batch: Batch;
  address: string;
  headers: Record<string, string>;
  keepalive: boolean;
  bytes: number;
}

/** What the collector answers to the nth attempt. */
export type Answer = { status: number; rejected?: number; retryAfter?: string; encodings?: string[] } | 'no network';

export let attempts: Attempt[];
let answers: Answer[];
export let waits: number[];
export let reports: Report[];

export function header(batch_seq: number, tab_id = TAB): Header {
  return {
    batch_id: `01234567-89ab-7000-8000-00000000000${batch_seq}`,
    batch_seq,
    visitor_id: '01234567-89ab-7000-8000-0000000000bb',
    tab_id,
    page_view_id: '01234567-89ab-7000-8000-0000000000cc',
    page: {
      url: 'https://shop.example/',
      referrer: '',
      title: 'Boxes',
      viewport: [1280, 720],
      screen: [2560, 1440],
      language: 'en',
      webdriver: false,
    },
    identity: { user_id: null, ga_client_id: null, ga_session_id: null, adobe_ecid: null },
    max_touch_points: 0,
  };
}

/** A batch of heartbeats. */
export function batch(batchSeq: number, count: number): Order & { kind: 'batch' } {
  const rows = new Float64Array(count * WIDTH).fill(Number.NaN);
  for (let n = 0; n < count; n++) rows.set([EVENT_TYPES.indexOf('heartbeat'), n, 0], n * WIDTH);
  const chunk = { first_seq: batchSeq * 100, origin: 1_795_250_919_000, rows, elements: '[]', details: [] };
  return { kind: 'batch', header: header(batchSeq), chunk };
}

/** What a page left in localStorage when it ended. */
export function tail(tab: string, batchSeq = 4, sentAt = Date.now()): Order & { kind: 'adopt' } {
  const { max_touch_points, ...ids } = header(batchSeq, tab);
  const events = [{ seq: 9, type: 'page_leave', at: 1 }];
  return {
    kind: 'adopt',
    name: `ct-tail:${tab}`,
    text: JSON.stringify({ sent_at: sentAt, clock: null, ...ids, sdk: '1.0.0', events }),
  };
}

export const START: Start = {
  kind: 'start',
  address: ADDRESS,
  key: 'k',
  worker: '/telemetry.worker.js',
  tab_id: TAB,
  memoryOnly: true,
  data: undefined,
  hooks: '',
};

export function answerWith(next: Answer[]): void {
  answers = next;
}

/** Reports of a courier go to the test that made it. */
export function told(): (report: Report) => void {
  const own = reports;
  return (report) => own.push(report);
}

export function courier(memoryOnly = true, tab = TAB): Courier {
  const made = new Courier(told(), async (ms) => {
    waits.push(ms);
  });
  made.receive({ ...START, tab_id: tab, memoryOnly });
  return made;
}

export async function flushed(made: Courier, id = 0): Promise<void> {
  made.receive({ kind: 'flush', id });
  await vi.waitFor(() => expect(reports).toContainEqual({ kind: 'flushed', id }), 5000);
}

export const settled = () => reports.filter((report) => report.kind === 'settled');

/** Before each test of the file that calls it: nothing sent, told or answered yet. */
export function eachWithACollector(): void {
  beforeEach(() => {
    attempts = [];
    answers = [];
    waits = [];
    reports = [];
    vi.stubGlobal('fetch', async (address: string, init: RequestInit) => {
      const headers = init.headers as Record<string, string>;
      const body = Buffer.from(await new Response(init.body as Blob).arrayBuffer());
      const text = body[0] === 0x1f ? gunzipSync(body).toString() : body.toString();
      attempts.push({ address, batch: JSON.parse(text), headers, keepalive: !!init.keepalive, bytes: body.length });
      const answer = answers.shift() ?? { status: 200 };
      if (answer === 'no network') throw new TypeError('Failed to fetch');
      if (init.signal?.aborted) throw new DOMException('aborted', 'AbortError');
      const rejected = Array.from({ length: answer.rejected ?? 0 }, () => ({ index: 0 }));
      const { encodings } = answer;
      const body200 = { rejected, encodings, server_received_at: Date.now() + 5000, server_sent_at: Date.now() + 5000 };
      const more = answer.retryAfter ? { 'Retry-After': answer.retryAfter } : undefined;
      return new Response(JSON.stringify(body200), { status: answer.status, headers: more });
    });
  });

  afterEach(async () => {
    vi.unstubAllGlobals();
    // Couriers of this test have no end of their own.
    await new Courier(told()).receive({ kind: 'forget' });
  });
}

/** A worker whose page is gone: it has stored what it could not send, and does nothing any more. */
export async function dead(order: Order): Promise<void> {
  answerWith(['no network']);
  const made = new Courier(told(), () => new Promise(() => {}));
  await made.receive({ ...START, memoryOnly: false });
  await made.receive(order);
  await vi.waitFor(() => expect(attempts).toHaveLength(1));
  attempts = [];
  // Its lock, if there are any, is gone with it.
  await made.receive({ kind: 'pause' });
}

export async function stored(): Promise<StoredOutbox> {
  return StoredOutbox.open();
}
