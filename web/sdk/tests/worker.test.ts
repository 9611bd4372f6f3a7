import 'fake-indexeddb/auto';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Batch, Header, Order, Report } from '../src/shared/batch.ts';
import { StoredOutbox } from '../src/worker/outbox.ts';
import { Courier } from '../src/worker/worker.ts';
import { wrongWith } from './contract.ts';

const TAB = '01234567-89ab-7000-8000-0000000000aa';

interface Attempt {
  batch: Batch;
  headers: Record<string, string>;
  keepalive: boolean;
}

/** What the collector answers to the nth attempt. */
type Answer = { status: number; rejected?: number; retryAfter?: string } | 'no network';

let attempts: Attempt[];
let answers: Answer[];
let waits: number[];
let reports: Report[];

function header(batch_seq: number, tab_id = TAB): Header {
  return {
    batch_id: `01234567-89ab-7000-8000-00000000000${batch_seq}`,
    batch_seq,
    visitor_id: '01234567-89ab-7000-8000-0000000000bb',
    tab_id,
    page_view_id: '01234567-89ab-7000-8000-0000000000cc',
    sdk: '1.0.0',
    page: {
      url: 'https://shop.example/',
      referrer: '',
      title: 'Boxes',
      viewport: [1280, 720],
      screen: [2560, 1440],
      language: 'en',
      timezone: 'UTC',
      webdriver: false,
    },
    identity: { user_id: null, ga_client_id: null, ga_session_id: null, adobe_ecid: null },
    client_hints: { max_touch_points: 0 },
  };
}

function chunk(batchSeq: number, count: number, tab = TAB): Order {
  const events = Array.from({ length: count }, (_, n) => ({
    seq: batchSeq * 100 + n,
    type: 'heartbeat' as const,
    at: n,
  }));
  return { kind: 'chunk', chunk: { events, samples: new Int32Array(0) }, header: header(batchSeq, tab) };
}

function courier(memoryOnly = true, tab = TAB): Courier {
  const made = new Courier(
    (report) => reports.push(report),
    async (ms) => {
      waits.push(ms);
    },
  );
  made.receive({
    kind: 'start',
    endpoint: 'https://collect.example',
    key: 'shop-key',
    tab_id: tab,
    memory_only: memoryOnly,
  });
  return made;
}

async function flushed(made: Courier, id = 0): Promise<void> {
  made.receive({ kind: 'flush', id });
  await vi.waitFor(() => expect(reports).toContainEqual({ kind: 'flushed', id }), 5000);
}

const settled = () => reports.filter((report) => report.kind === 'settled');

beforeEach(() => {
  attempts = [];
  answers = [];
  waits = [];
  reports = [];
  vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
    const headers = init.headers as Record<string, string>;
    const body = Buffer.from(await new Response(init.body as Blob).arrayBuffer());
    const text = headers['Content-Encoding'] === 'gzip' ? gunzipSync(body).toString() : body.toString();
    attempts.push({ batch: JSON.parse(text), headers, keepalive: !!init.keepalive });
    const answer = answers.shift() ?? { status: 200 };
    if (answer === 'no network') throw new TypeError('Failed to fetch');
    const rejected = Array.from({ length: answer.rejected ?? 0 }, () => ({ index: 0 }));
    const body200 = { rejected, server_received_at: Date.now() + 5000, server_sent_at: Date.now() + 5000 };
    const more = answer.retryAfter ? { 'Retry-After': answer.retryAfter } : undefined;
    return new Response(JSON.stringify(body200), { status: answer.status, headers: more });
  });
});

afterEach(async () => {
  vi.unstubAllGlobals();
  const outbox = await StoredOutbox.open();
  for (const key of await outbox.keys()) await outbox.remove(key);
});

test('a batch goes out with key and clock, and is settled', async () => {
  const made = courier();
  made.receive(chunk(0, 3));
  await flushed(made);
  made.receive(chunk(1, 2));
  await flushed(made, 1);
  expect(attempts.map(({ batch }) => batch.batch_seq)).toEqual([0, 1]);
  expect(attempts[0]?.headers.Authorization).toBe('Bearer shop-key');
  expect(attempts[0]?.keepalive).toBe(true);
  for (const { batch } of attempts) expect(wrongWith(batch)).toBeNull();
  expect(attempts[0]?.batch.clock).toBeNull();
  expect(attempts[1]?.batch.clock?.offset_ms).toBeGreaterThan(4000);
  expect(settled()).toMatchObject([
    { acknowledged: 3, dropped: 0 },
    { acknowledged: 2, dropped: 0 },
  ]);
});

describe('client hints', () => {
  const told = {
    platform: 'Windows',
    platformVersion: '19.0.0',
    architecture: 'x86',
    bitness: '64',
    model: '',
    mobile: false,
    brands: [{ brand: 'Chromium', version: '154' }],
    fullVersionList: [{ brand: 'Chromium', version: '154.0.7727.55' }],
  };
  /** The batch that goes out when the browser answers so, and the page says that its screen takes five fingers. */
  async function sent(ask?: (hints: string[]) => Promise<unknown>, more: object = {}): Promise<Batch> {
    const userAgentData = ask && { getHighEntropyValues: ask };
    vi.stubGlobal('navigator', { userAgentData, ...more });
    const made = courier();
    await made.receive({ kind: 'flush', id: 9 });
    const order = chunk(0, 1) as Order & { kind: 'chunk'; header: Header };
    made.receive({ ...order, header: { ...order.header, client_hints: { max_touch_points: 5 } } });
    await flushed(made);
    expect(wrongWith(attempts[0]?.batch)).toBeNull();
    return attempts[0]?.batch as Batch;
  }

  test('the worker asks the browser, and the page adds its touch points', async () => {
    const ask = vi.fn(async () => told);
    expect((await sent(ask)).client_hints).toEqual({
      platform: 'Windows',
      platform_version: '19.0.0',
      architecture: 'x86',
      bitness: '64',
      model: '',
      mobile: false,
      brands: told.fullVersionList,
      max_touch_points: 5,
    });
    expect(ask).toHaveBeenCalledTimes(1);
  });

  test('who asks for privacy is not asked', async () => {
    const ask = vi.fn(async () => told);
    expect((await sent(ask, { globalPrivacyControl: true })).client_hints).toEqual({ max_touch_points: 5 });
    expect(ask).not.toHaveBeenCalled();
  });

  test.each([
    ['has none', undefined],
    ['refuses', () => Promise.reject(new Error('permissions policy'))],
    ['never answers', () => new Promise(() => {})],
  ])('a browser that %s delays no batch', async (_, ask) => {
    expect((await sent(ask)).client_hints).toEqual({ max_touch_points: 5 });
  });
});

test('a retry is the same batch; only the moment of sending differs', async () => {
  answers = [{ status: 503 }, 'no network', { status: 429, retryAfter: '7' }, { status: 200 }];
  const made = courier();
  made.receive(chunk(0, 3));
  await flushed(made);
  const constant = ({ batch: { sent_at, clock, ...rest } }: Attempt) => rest;
  expect(attempts).toHaveLength(4);
  for (const attempt of attempts) expect(constant(attempt)).toEqual(constant(attempts[0] as Attempt));
  expect(waits).toHaveLength(3);
  expect(waits[0]).toBeGreaterThanOrEqual(500);
  expect(waits[0]).toBeLessThanOrEqual(1500);
  expect(waits[2]).toBeGreaterThanOrEqual(7000);
  expect(settled()).toHaveLength(1);
});

test('batches keep their order while the first one waits', async () => {
  answers = [{ status: 503 }, { status: 503 }];
  const made = courier();
  for (let n = 0; n < 3; n++) made.receive(chunk(n, 1));
  await flushed(made);
  expect(attempts.map(({ batch }) => batch.batch_seq)).toEqual([0, 0, 0, 1, 2]);
});

test.each([400, 401, 403, 422])('%i: dropped and counted, not sent again', async (status) => {
  answers = [{ status }];
  const made = courier();
  made.receive(chunk(0, 3));
  made.receive(chunk(1, 2));
  await flushed(made);
  expect(attempts).toHaveLength(2);
  expect(settled()).toMatchObject([
    { acknowledged: 0, dropped: 3 },
    { acknowledged: 2, dropped: 0 },
  ]);
});

test('rejected events of a batch are counted as dropped', async () => {
  answers = [{ status: 200, rejected: 2 }];
  const made = courier();
  made.receive(chunk(0, 5));
  await flushed(made);
  expect(settled()).toMatchObject([{ acknowledged: 3, dropped: 2 }]);
});

test('413 halves the batch until it passes; a single event is dropped', async () => {
  answers = [{ status: 413 }, { status: 413 }, { status: 413 }, { status: 200 }, { status: 200 }];
  const made = courier();
  made.receive(chunk(0, 4));
  await flushed(made);
  const counts = attempts.map(({ batch }) => batch.events.length);
  expect(counts).toEqual([4, 2, 1, 1, 2]);
  expect(settled()).toMatchObject([{ acknowledged: 3, dropped: 1 }]);
});

test('what is stored outlives the worker, and the next one delivers it', async () => {
  answers = Array.from({ length: 1000 }, () => 'no network' as const);
  const first = new Courier(
    (report) => reports.push(report),
    () => new Promise(() => {}),
  );
  first.receive({
    kind: 'start',
    endpoint: 'https://collect.example',
    key: 'k',
    tab_id: TAB,
    memory_only: false,
  });
  await first.receive(chunk(0, 3));
  expect(reports).toContainEqual({ kind: 'kept', batch_seq: 0 });
  await vi.waitFor(() => expect(attempts).toHaveLength(1));
  // The worker dies here. Its batch is old enough for another tab to take it.
  const outbox = await StoredOutbox.open();
  const entry = await outbox.get([TAB, 0]);
  await outbox.put({ ...(entry as NonNullable<typeof entry>), created_at: Date.now() - 61_000 });
  answers = [];
  const second = courier(false, 'another-tab');
  await flushed(second);
  expect(attempts[1]?.batch.tab_id).toBe(TAB);
  expect(await outbox.keys()).toEqual([]);
});

test('the tail of an earlier page is delivered, and taken off its hands', async () => {
  const made = courier();
  const { batch_id, ...rest } = header(4, 'old-tab');
  const text = JSON.stringify({
    ...rest,
    batch_id,
    sent_at: Date.now(),
    clock: null,
    events: [{ seq: 9, type: 'page_leave', at: 1 }],
  });
  made.receive({ kind: 'adopt', name: 'ct-tail:old', text });
  made.receive({ kind: 'adopt', name: 'ct-tail:broken', text: '{' });
  await flushed(made);
  expect(attempts.map(({ batch }) => [batch.tab_id, batch.batch_seq, batch.batch_id])).toEqual([
    ['old-tab', 4, batch_id],
  ]);
  expect(reports.filter(({ kind }) => kind === 'adopted')).toHaveLength(2);
});

test('stop: nothing more is sent or kept', async () => {
  answers = Array.from({ length: 1000 }, () => ({ status: 503 }));
  const made = courier(false);
  await made.receive(chunk(0, 3));
  await made.receive({ kind: 'stop' });
  await made.receive(chunk(1, 3));
  await flushed(made);
  const outbox = await StoredOutbox.open();
  expect(await outbox.keys()).toEqual([]);
  expect(attempts.every(({ batch }) => batch.batch_seq === 0)).toBe(true);
});
