import 'fake-indexeddb/auto';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ClientHints, TelemetryEvent } from '../src/shared/batch.ts';
import { type Header, WIDTH } from '../src/shared/chunk.ts';
import { OUTBOX_AGE_MS_MAX } from '../src/shared/limits.ts';
import type { Order, Report } from '../src/shared/messages.ts';
import { EVENT_TYPES } from '../src/shared/types.ts';
import { Courier } from '../src/worker/courier.ts';
import { StoredOutbox } from '../src/worker/stored_outbox.ts';
import { wrongWith } from './contract.ts';

const ADDRESS = 'https://collect.example/v1/events?key=shop-key';
const SOME = '01234567-89ab-7000-8000-0000000000dd';
const TAB = '01234567-89ab-7000-8000-0000000000aa';

interface Batch {
  batch_id: string;
  batch_seq: number;
  tab_id: string;
  sent_at: number;
  clock: { offset_ms: number } | null;
  client_hints: ClientHints;
  events: TelemetryEvent[];
}

interface Attempt {
  batch: Batch;
  address: string;
  headers: Record<string, string>;
  keepalive: boolean;
  bytes: number;
}

/** What the collector answers to the nth attempt. */
type Answer = { status: number; rejected?: number; retryAfter?: string; encodings?: string[] } | 'no network';

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
function batch(batchSeq: number, count: number): Order & { kind: 'batch' } {
  const rows = new Float64Array(count * WIDTH).fill(Number.NaN);
  for (let n = 0; n < count; n++) rows.set([EVENT_TYPES.indexOf('heartbeat'), n, 0], n * WIDTH);
  const chunk = { first_seq: batchSeq * 100, origin: 1_795_250_919_000, rows, elements: '[]', details: [] };
  return { kind: 'batch', header: header(batchSeq), chunk };
}

/** What a page left in localStorage when it ended. */
function tail(tab: string, batchSeq = 4, sentAt = Date.now()): Order & { kind: 'adopt' } {
  const { max_touch_points, ...ids } = header(batchSeq, tab);
  const events = [{ seq: 9, type: 'page_leave', at: 1 }];
  return {
    kind: 'adopt',
    name: `ct-tail:${tab}`,
    text: JSON.stringify({ sent_at: sentAt, clock: null, ...ids, sdk: '1.0.0', events }),
  };
}

const START: Order & { kind: 'start' } = {
  kind: 'start',
  address: ADDRESS,
  tab_id: TAB,
  memory_only: true,
  allow_query: '',
  hooks: '',
};

/** Reports of a courier go to the test that made it. */
function told(): (report: Report) => void {
  const own = reports;
  return (report) => own.push(report);
}

function courier(memoryOnly = true, tab = TAB): Courier {
  const made = new Courier(told(), async (ms) => {
    waits.push(ms);
  });
  made.receive({ ...START, tab_id: tab, memory_only: memoryOnly });
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

test('a batch goes out with key and clock, and is settled', async () => {
  const made = courier();
  made.receive(batch(0, 3));
  await flushed(made);
  made.receive(batch(1, 2));
  await flushed(made, 1);
  expect(attempts.map(({ batch }) => batch.batch_seq)).toEqual([0, 1]);
  expect(attempts[0]?.address).toBe(ADDRESS);
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
    const order = batch(0, 1);
    made.receive({ ...order, header: { ...order.header, max_touch_points: 5 } });
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
  made.receive(batch(0, 3));
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
  for (let n = 0; n < 3; n++) made.receive(batch(n, 1));
  await flushed(made);
  expect(attempts.map(({ batch }) => batch.batch_seq)).toEqual([0, 0, 0, 1, 2]);
});

test.each([400, 401, 403, 422])('%i: dropped and counted, not sent again', async (status) => {
  answers = [{ status }];
  const made = courier();
  made.receive(batch(0, 3));
  made.receive(batch(1, 2));
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
  made.receive(batch(0, 5));
  await flushed(made);
  expect(settled()).toMatchObject([{ acknowledged: 3, dropped: 2 }]);
});

test('413 halves the batch until it passes; a single event is dropped', async () => {
  answers = [{ status: 413 }, { status: 413 }, { status: 413 }, { status: 200 }, { status: 200 }];
  const made = courier();
  made.receive(batch(0, 4));
  await flushed(made);
  const counts = attempts.map(({ batch }) => batch.events.length);
  expect(counts).toEqual([4, 2, 1, 1, 2]);
  expect(settled()).toMatchObject([{ acknowledged: 3, dropped: 1 }]);
});

/** A worker whose page is gone: it has stored what it could not send, and does nothing any more. */
async function dead(order: Order): Promise<void> {
  answers = ['no network'];
  const made = new Courier(told(), () => new Promise(() => {}));
  await made.receive({ ...START, memory_only: false });
  await made.receive(order);
  await vi.waitFor(() => expect(attempts).toHaveLength(1));
  attempts = [];
  // Its lock, if there are any, is gone with it.
  await made.receive({ kind: 'pause' });
}

async function stored(): Promise<StoredOutbox> {
  return StoredOutbox.open();
}

describe('what earlier pages left', () => {
  test('what is stored outlives the worker, and the next one delivers it', async () => {
    await dead(batch(0, 3));
    expect(reports).toContainEqual({ kind: 'kept', batch_seq: 0 });
    // It is old enough for another tab to take it.
    const outbox = await stored();
    const [entry] = await outbox.of(TAB);
    await outbox.put({ ...(entry as NonNullable<typeof entry>), created_at: Date.now() - 61_000 });
    await flushed(courier(false, 'another-tab'));
    expect(attempts.map(({ batch }) => batch.tab_id)).toEqual([TAB]);
    expect(await outbox.keys()).toEqual([]);
  });

  test('what is older than a day is not sent: it is dropped, and told', async () => {
    await dead(batch(0, 3));
    const outbox = await stored();
    const [entry] = await outbox.of(TAB);
    await outbox.put({ ...(entry as NonNullable<typeof entry>), created_at: Date.now() - OUTBOX_AGE_MS_MAX + 100 });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 200 });
    await flushed(courier(false, 'another-tab'));
    vi.useRealTimers();
    expect(attempts).toEqual([]);
    expect(await outbox.keys()).toEqual([]);
    expect(reports).toContainEqual({ kind: 'lost', events: 3 });
  });

  test('the tail of an earlier page is delivered, and taken off its hands', async () => {
    const made = courier(false);
    const left = tail('old-tab');
    made.receive(left);
    made.receive({ kind: 'adopt', name: 'ct-tail:broken', text: '{' });
    await flushed(made);
    expect(attempts.map(({ batch }) => [batch.tab_id, batch.batch_seq, batch.batch_id])).toEqual([
      ['old-tab', 4, header(4).batch_id],
    ]);
    expect(reports.filter(({ kind }) => kind === 'adopted')).toHaveLength(2);
  });

  test('a tail that its page could not write yet is written by the worker', async () => {
    const made = courier(false);
    const { chunk } = batch(4, 3);
    const left = { sent_at: Date.now(), header: header(4, SOME), chunk: { ...chunk, rows: Array.from(chunk.rows) } };
    made.receive({ kind: 'adopt', name: 'ct-tail:old', text: JSON.stringify(left) });
    await flushed(made);
    expect(attempts.map(({ batch }) => batch.events.length)).toEqual([3]);
    expect(wrongWith(attempts[0]?.batch)).toBeNull();
  });

  test('without a database a tail stays where it is until it is answered', async () => {
    answers = [{ status: 503 }];
    const made = courier(true);
    await made.receive(tail('old-tab'));
    expect(reports.filter(({ kind }) => kind === 'adopted')).toEqual([]);
    await flushed(made);
    expect(reports.filter(({ kind }) => kind === 'adopted')).toHaveLength(1);
  });

  test('a tail of yesterday is dropped, and told', async () => {
    const made = courier(false);
    made.receive(tail('old-tab', 4, Date.now() - OUTBOX_AGE_MS_MAX - 1));
    await flushed(made);
    expect(attempts).toEqual([]);
    expect(reports).toContainEqual({ kind: 'lost', events: 1 });
  });

  test('of two tabs one delivers', async () => {
    const held = new Set<string>();
    const request = async (name: string, options: unknown, work: (lock: unknown) => Promise<void>) => {
      if (typeof options === 'function') return options({});
      if (held.has(name)) return work(null);
      held.add(name);
      await work({});
      held.delete(name);
    };
    vi.stubGlobal('navigator', { locks: { request } });
    await dead(batch(0, 3));
    const [one, two] = [courier(false, 'one'), courier(false, 'two')];
    const { fetch } = globalThis;
    let answer: () => void = () => {};
    const slow = new Promise<void>((resolve) => {
      answer = resolve;
    });
    vi.stubGlobal('fetch', (...values: [string]) => slow.then(() => fetch(...values)));
    for (const made of [one, two]) for (const seq of [4, 5, 6]) await made.receive(tail('old-tab', seq));
    answer();
    await Promise.all([flushed(one, 1), flushed(two, 2)]);
    const sent = attempts.map(({ batch }) => `${batch.tab_id}:${batch.batch_seq}`);
    expect(sent.sort()).toEqual([`${TAB}:0`, 'old-tab:4', 'old-tab:5', 'old-tab:6']);
  });
});

describe('a database that fails', () => {
  /** A worker whose first attempt found no network, and that waits for it. */
  async function waiting(): Promise<{ made: Courier; online: () => void }> {
    let online: () => void = () => {};
    answers = ['no network'];
    const made = new Courier(
      told(),
      () =>
        new Promise((resolve) => {
          online = resolve;
        }),
    );
    made.receive({ ...START, memory_only: false });
    await made.receive(batch(0, 3));
    await vi.waitFor(() => expect(attempts).toHaveLength(1));
    return { made, online: () => online() };
  }

  /** Answers from then on come only when `resume` is called. */
  function silentDatabase(): { resume(): void } {
    const { open } = indexedDB;
    const waiting: (() => void)[] = [];
    vi.spyOn(indexedDB, 'open').mockImplementation((...values) => {
      const silent = { result: null, error: null } as unknown as IDBOpenDBRequest;
      waiting.push(() => {
        const real = open.apply(indexedDB, values);
        real.onupgradeneeded = (event) => {
          Object.assign(silent, { result: real.result });
          silent.onupgradeneeded?.call(silent, event);
        };
        real.onsuccess = (event) => {
          Object.assign(silent, { result: real.result });
          silent.onsuccess?.call(silent, event);
        };
      });
      return silent;
    });
    return {
      resume() {
        vi.restoreAllMocks();
        for (const run of waiting) run();
      },
    };
  }

  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  test('one that never answers delays nothing for long; when it does, what waits is moved into it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const database = silentDatabase();
    answers = Array.from({ length: 100 }, () => 'no network' as const);
    const made = new Courier(told(), () => new Promise(() => {}));
    made.receive({ ...START, memory_only: false });
    const taken = made.receive(batch(0, 3));
    await vi.advanceTimersByTimeAsync(3_000);
    await taken;
    vi.useRealTimers();
    await vi.waitFor(() => expect(attempts).toHaveLength(1));
    expect(reports).not.toContainEqual({ kind: 'kept', batch_seq: 0 });
    database.resume();
    await vi.waitFor(() => expect(reports).toContainEqual({ kind: 'kept', batch_seq: 0 }));
    expect(await (await stored()).keys()).toEqual([[TAB, 0]]);
  });

  test('deleted under a worker that waits: nothing is lost, and it stores again', async () => {
    const { made, online } = await waiting();
    await StoredOutbox.delete();
    const outbox = await stored();
    await vi.waitFor(async () => expect(await outbox.keys()).toEqual([[TAB, 0]]));
    online();
    await flushed(made);
    expect(attempts.map(({ batch }) => batch.batch_seq)).toEqual([0, 0]);
    await vi.waitFor(async () => expect(await outbox.keys()).toEqual([]));
    expect(settled()).toMatchObject([{ acknowledged: 3, dropped: 0 }]);
  });

  test('cleared under a worker that waits: nothing is lost', async () => {
    const { made, online } = await waiting();
    const outbox = await stored();
    await outbox.remove([TAB, 0]);
    online();
    await made.receive(batch(1, 2));
    await flushed(made);
    expect(attempts.map(({ batch }) => batch.batch_seq)).toEqual([0, 0, 1]);
    expect(settled()).toHaveLength(2);
  });

  test('none at all: all goes on in memory', async () => {
    vi.spyOn(indexedDB, 'open').mockImplementation(() => {
      throw new DOMException('denied', 'SecurityError');
    });
    const made = courier(false);
    await made.receive(batch(0, 3));
    await flushed(made);
    expect(settled()).toMatchObject([{ acknowledged: 3, dropped: 0 }]);
    expect(reports.filter(({ kind }) => kind === 'kept')).toEqual([]);
  });
});

describe('forget', () => {
  test('nothing more is sent or kept, of any tab; flushes settle', async () => {
    await dead({ ...batch(0, 3), header: header(0, 'closed-tab') });
    answers = Array.from({ length: 1000 }, () => ({ status: 503 }));
    const made = courier(false);
    await made.receive(batch(0, 3));
    await made.receive({ kind: 'forget' });
    const before = attempts.length;
    await made.receive(batch(1, 3));
    await flushed(made);
    expect(reports).toContainEqual({ kind: 'forgotten' });
    expect(await (await stored()).keys()).toEqual([]);
    expect(attempts.slice(before)).toEqual([]);
  });

  test('a request on its way is given up', async () => {
    let signal: AbortSignal | undefined;
    vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
      signal = init.signal as AbortSignal;
      return new Promise(() => {});
    });
    const made = courier();
    await made.receive(batch(0, 3));
    await vi.waitFor(() => expect(signal).toBeDefined());
    await made.receive({ kind: 'forget' });
    expect(signal?.aborted).toBe(true);
  });

  test('other tabs forget as well, and tell their pages', async () => {
    const [one, two] = [courier(false, 'one'), courier(false, 'two')];
    await Promise.all([flushed(one, 1), flushed(two, 2)]);
    reports.length = 0;
    await one.receive({ kind: 'forget' });
    await vi.waitFor(() => expect(reports.filter(({ kind }) => kind === 'forgotten')).toHaveLength(2));
    await two.receive(batch(0, 1));
    await flushed(two, 3);
    expect(attempts).toEqual([]);
  });
});

describe('what the network sees', () => {
  test('requests that need no preflight: plain text, no further header, the key in the address', async () => {
    const made = courier();
    made.receive(batch(0, 3));
    await flushed(made);
    expect(attempts[0]?.headers).toEqual({ 'Content-Type': 'text/plain' });
  });

  test('compressed from then on when the collector says that it knows gzip by its first bytes', async () => {
    answers = Array.from({ length: 3 }, () => ({ status: 200, encodings: ['gzip'] }));
    const made = courier();
    for (const n of [0, 1]) {
      made.receive(batch(n, 200));
      await flushed(made, n);
    }
    expect(attempts[1]?.bytes).toBeLessThan((attempts[0]?.bytes ?? 0) / 2);
    expect(attempts[1]?.headers).toEqual({ 'Content-Type': 'text/plain' });
  });

  test.each([400, 415])('a peer that does not know it answers %i: the batch goes again, as it is', async (status) => {
    answers = [{ status: 200, encodings: ['gzip'] }, { status }];
    const made = courier();
    for (const n of [0, 1]) {
      made.receive(batch(n, 200));
      await flushed(made, n);
    }
    expect(attempts.map(({ batch }) => batch.batch_seq)).toEqual([0, 1, 1]);
    expect(attempts[2]?.bytes).toBeGreaterThan((attempts[1]?.bytes ?? 0) * 2);
    expect(settled()).toMatchObject([{ acknowledged: 200 }, { acknowledged: 200 }]);
  });

  test('to the own origin the encoding is named, since that needs no preflight either', async () => {
    const made = new Courier(told());
    made.receive({ ...START, address: '/v1/events?key=k' });
    made.receive(batch(0, 200));
    await flushed(made);
    expect(attempts[0]?.headers['Content-Encoding']).toBe('gzip');
  });

  test('what is large is not kept alive: browsers allow 64 KiB for the whole page', async () => {
    const made = courier();
    for (const [n, count] of [10, 900].entries()) {
      made.receive(batch(n, count));
      await flushed(made, n);
    }
    expect(attempts.map(({ keepalive }) => keepalive)).toEqual([true, false]);
  });
});

describe("the site's own filter", () => {
  const filter = (run: unknown) => vi.stubGlobal('telemetryBeforeSend', run);

  test('changes events, and holds others back: their numbers stay, and say so', async () => {
    filter((event: TelemetryEvent) => (event.seq === 1 ? null : { ...event, note: 'seen', seq: 99 }));
    const made = courier();
    made.receive(batch(0, 3));
    await flushed(made);
    const [
      {
        batch: { events },
      },
    ] = attempts as [Attempt];
    expect(events.map(({ seq, type }) => [seq, type])).toEqual([
      [0, 'heartbeat'],
      [1, 'capture_degraded'],
      [2, 'heartbeat'],
    ]);
    expect(events[0]?.note).toBe('seen');
    expect(events[1]?.degraded).toEqual({ what: 'before_send', rate_hz: null });
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('bug');
      },
    ],
    ['gives nothing', () => undefined],
  ])('one that %s holds everything back', async (_, run) => {
    filter(run);
    const made = courier();
    made.receive(batch(0, 2));
    made.receive(tail('old-tab'));
    await flushed(made);
    expect(attempts.flatMap(({ batch }) => batch.events.map(({ type }) => type))).toEqual(
      Array(3).fill('capture_degraded'),
    );
  });

  test('a file that cannot be loaded holds everything back', async () => {
    vi.stubGlobal('importScripts', () => {
      throw new DOMException('404', 'NetworkError');
    });
    const made = new Courier(told());
    made.receive({ ...START, hooks: '/hooks.js' });
    made.receive(batch(0, 1));
    await flushed(made);
    expect(attempts[0]?.batch.events[0]?.type).toBe('capture_degraded');
    delete (globalThis as { telemetryBeforeSend?: unknown }).telemetryBeforeSend;
  });
});
