/** What earlier pages left: delivered by a later one, once, or told as lost. */
import { expect, test, vi } from 'vitest';
import { OUTBOX_AGE_MS_MAX } from '../src/shared/limits.ts';
import {
  answerWith,
  attempts,
  batch,
  courier,
  dead,
  eachWithACollector,
  flushed,
  header,
  reports,
  SOME,
  stored,
  TAB,
  tail,
} from './collector.ts';
import { wrongWith } from './contract.ts';

eachWithACollector();

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
  answerWith([{ status: 503 }]);
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
