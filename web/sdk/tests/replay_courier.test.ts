/** What becomes of frames: sent in order, several a request, tried again, kept, dropped. */
import 'fake-indexeddb/auto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FRAMES } from '../src/shared/messages.ts';
import { Clock } from '../src/worker/clock.ts';
import type { Frame } from '../src/worker/replay/frame.ts';
import { FrameCourier, type Wait } from '../src/worker/replay/frame_courier.ts';
import { OUTBOX_FRAMES_BYTES_MAX, PAYLOAD_BYTES_MAX, TAIL_BYTES_MAX } from '../src/worker/replay/limits.ts';
import { StoredOutbox } from '../src/worker/stored_outbox.ts';
import { framesIn } from './replay_setup.ts';

type Answer = { status: number; rejected?: number; retryAfter?: string } | 'no network' | 'silent';

let bodies: { names: string[]; keepalive: boolean; bytes: number; signal: AbortSignal }[];
let answers: Answer[];
let waits: number[];
let degraded: string[];
let refused: number;
beforeEach(() => {
  bodies = [];
  answers = [];
  waits = [];
  degraded = [];
  refused = 0;
  vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
    const body = Buffer.from(await new Response(init.body as Blob).arrayBuffer());
    const names = framesIn(body).map(({ header }) => String(header.name));
    bodies.push({ names, keepalive: !!init.keepalive, bytes: body.length, signal: init.signal as AbortSignal });
    const answer = answers.shift() ?? { status: 200 };
    if (answer === 'silent') return new Promise<Response>(() => {});
    if (answer === 'no network') throw new TypeError('Failed to fetch');
    const rejected = Array.from({ length: answer.rejected ?? 0 }, () => ({ index: 0 }));
    const headers = answer.retryAfter ? { 'Retry-After': answer.retryAfter } : undefined;
    return new Response(JSON.stringify({ rejected }), { status: answer.status, headers });
  });
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await StoredOutbox.delete();
});

function courier({ memoryOnly = true, tab_id = 'tab', wait = undefined as Wait | undefined } = {}): FrameCourier {
  const told = { degraded: (reason: string) => degraded.push(reason), refused: () => refused++ };
  const noted: Wait = async (ms) => {
    waits.push(ms);
  };
  return new FrameCourier(
    { address: 'https://collect.example/v1/replay?key=k', tab_id, memoryOnly },
    new Clock(),
    told,
    wait ?? noted,
  );
}

let number = 0;
const frame = (name: string, bytes = 10, more: Partial<Frame> = {}): Frame => ({
  tab_id: 'tab',
  batch_seq: number++,
  created_at: Date.now(),
  visitor_id: 'somebody',
  chunk: name,
  head: JSON.stringify({ v: 1, name }),
  rest: new Uint8Array(bytes),
  ...more,
});
const sent = () => bodies.map(({ names }) => names.join(' '));
const until = (count: number) => vi.waitFor(() => expect(bodies).toHaveLength(count), 3000);

test('what waits goes together, at most eight frames and a mebibyte a body', async () => {
  answers = [{ status: 503 }];
  const made = courier();
  for (let n = 0; n < 10; n++) made.put(frame(`${n}`));
  for (const name of ['a', 'b', 'c']) made.put(frame(name, PAYLOAD_BYTES_MAX));
  await until(5);
  expect(sent()).toEqual(['0', '0 1 2 3 4 5 6 7', '8 9 a', 'b', 'c']);
  for (const { bytes } of bodies) expect(bytes).toBeLessThanOrEqual(1024 * 1024);
});

test('503, 429, no network: the same again, later; then the next', async () => {
  answers = [{ status: 503 }, { status: 429, retryAfter: '7' }, 'no network'];
  const made = courier();
  made.put(frame('a'));
  await until(4);
  made.put(frame('b'));
  await until(5);
  expect(sent()).toEqual(['a', 'a', 'a', 'a', 'b']);
  expect(waits).toHaveLength(3);
  expect(waits[1]).toBeGreaterThanOrEqual(7000);
  expect(degraded).toEqual([]);
});

test('the network is back: nobody waits any longer', async () => {
  answers = ['no network'];
  const made = courier({ wait: () => new Promise(() => {}) });
  made.put(frame('a'));
  await until(1);
  await vi.waitFor(() => {
    made.online();
    expect(bodies).toHaveLength(2);
  });
});

test('413: one by one; the chunk of which a part is too large goes, with its other parts, and it is told', async () => {
  answers = [{ status: 503 }, { status: 413 }, { status: 200 }, { status: 413 }];
  const made = courier();
  for (const [n, name] of ['a', 'b', 'b', 'c'].entries()) made.put(frame(name, 10, { batch_seq: 1000 + n }));
  await until(5);
  await vi.waitFor(() => expect(degraded).toEqual(['too_large']));
  expect(sent()).toEqual(['a', 'a b b c', 'a', 'b', 'c']);
});

test('rejected frames and refused bodies are told, and not sent again', async () => {
  answers = [{ status: 200, rejected: 1 }, { status: 422 }];
  const made = courier();
  made.put(frame('a'));
  await until(1);
  made.put(frame('b'));
  await until(2);
  await vi.waitFor(() => expect(degraded).toEqual(['rejected:1', 'refused']));
  expect(refused).toBe(1);
});

test('recordings have a share of their own: beyond it the oldest go, and it is told', async () => {
  answers = ['silent'];
  const made = courier({ memoryOnly: false });
  await made.start();
  const count = Math.floor(OUTBOX_FRAMES_BYTES_MAX / PAYLOAD_BYTES_MAX);
  for (let n = 0; n < count + 2; n++) await made.put(frame(`${n}`, PAYLOAD_BYTES_MAX));
  expect(degraded.map((reason) => reason.split(':')[0])).toEqual(['outbox', 'outbox']);
  const stored = await StoredOutbox.open<Frame>(FRAMES);
  const left = (await stored.of('tab')).map(({ chunk }) => chunk);
  expect(left).toEqual(Array.from({ length: count }, (_, n) => `${n + 2}`));
  stored.close();
  await made.forget();
});

test('a page that ends sends once more what is not sure to outlive it, within its share', async () => {
  answers = ['silent', 'silent'];
  const made = courier();
  made.put(frame('large', PAYLOAD_BYTES_MAX - 1));
  await until(1);
  made.put(frame('a', 1000));
  made.put(frame('b', TAIL_BYTES_MAX - 3000));
  made.sendTail();
  await until(2);
  expect(bodies.map(({ names, keepalive }) => [names, keepalive])).toEqual([
    [['large'], false],
    [['a', 'b'], true],
  ]);
  expect(bodies[1]?.bytes).toBeLessThanOrEqual(TAIL_BYTES_MAX);
});

test('what is on its way and outlives the page anyway is not sent twice', async () => {
  answers = ['silent'];
  const made = courier();
  made.put(frame('a'));
  await until(1);
  made.sendTail();
  made.put(frame('b'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(sent()).toEqual(['a']);
});

test('what a closed tab left is delivered by the next page', async () => {
  answers = ['silent'];
  const gone = courier({ memoryOnly: false, tab_id: 'gone' });
  await gone.start();
  // Without locks it counts as left after a minute.
  await gone.put(frame('a', 10, { tab_id: 'gone', created_at: Date.now() - 61_000 }));
  gone.sendTail();
  bodies = [];
  const next = courier({ memoryOnly: false });
  await next.start();
  await until(1);
  expect(sent()).toEqual(['a']);
  await vi.waitFor(async () => {
    const stored = await StoredOutbox.open<Frame>(FRAMES);
    expect(await stored.keys()).toEqual([]);
    stored.close();
  });
  await Promise.all([gone.forget(), next.forget()]);
});

test('forgotten: what is on its way is given up, and nothing stays or is taken', async () => {
  answers = ['silent'];
  const made = courier({ memoryOnly: false });
  await made.start();
  await made.put(frame('a'));
  await until(1);
  await made.forget();
  expect(bodies[0]?.signal.aborted).toBe(true);
  await made.put(frame('b'));
  const stored = await StoredOutbox.open<Frame>(FRAMES);
  expect(await stored.keys()).toEqual([]);
  stored.close();
  expect(bodies).toHaveLength(1);
});
