/** What earlier pages left: delivered by a later one, once, or told as lost. */
import { expect, test, vi } from 'vitest';
import { OUTBOX_AGE_MS_MAX } from '../src/shared/limits.ts';
import { StoredOutbox } from '../src/worker/stored_outbox.ts';
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

/** Locks of a browser, of which nobody waits for one that is held. */
function locks(): void {
  const held = new Set<string>();
  const request = async (name: string, options: unknown, work: (lock: unknown) => Promise<void>) => {
    if (typeof options === 'function') return options({});
    if (held.has(name)) return work(null);
    held.add(name);
    await work({});
    held.delete(name);
  };
  vi.stubGlobal('navigator', { locks: { request } });
}

/** What waits for `opened` goes on when the test says so. */
function gate(): { open(): void; opened: Promise<void> } {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open: () => open(), opened };
}

/** A collector that answers nothing before the test says so. */
function slow(): () => void {
  const { fetch } = globalThis;
  const { open, opened } = gate();
  vi.stubGlobal('fetch', (...values: [string]) => opened.then(() => fetch(...values)));
  return open;
}

const sent = () => attempts.map(({ batch }) => `${batch.tab_id}:${batch.batch_seq}`).sort();

test('of two tabs one delivers', async () => {
  locks();
  await dead(batch(0, 3));
  const [one, two] = [courier(false, 'one'), courier(false, 'two')];
  const answer = slow();
  for (const made of [one, two]) for (const seq of [4, 5, 6]) await made.receive(tail('old-tab', seq));
  answer();
  await Promise.all([flushed(one, 1), flushed(two, 2)]);
  expect(sent()).toEqual([`${TAB}:0`, 'old-tab:4', 'old-tab:5', 'old-tab:6']);
});

test('a tail that comes while its tab is being delivered is not delivered by another tab afterwards', async () => {
  locks();
  await dead(batch(0, 3));
  const answer = slow();
  const [one, two] = [courier(false, 'one'), courier(false, 'two')];
  // The text that both have read before either is at it.
  const left = tail(TAB);
  await one.receive(left);
  answer();
  await flushed(one, 1);
  await two.receive(left);
  await flushed(two, 2);
  expect(sent()).toEqual([`${TAB}:0`, `${TAB}:4`]);
});

test('what is delivered is not found by another tab before it is removed from the database', async () => {
  locks();
  await dead(batch(0, 3));
  const { remove } = StoredOutbox.prototype;
  const { open, opened } = gate();
  vi.spyOn(StoredOutbox.prototype, 'remove').mockImplementation(async function (this: StoredOutbox, key) {
    await opened;
    return remove.call(this, key);
  });
  const one = courier(false, 'one');
  await vi.waitFor(() => expect(attempts).toHaveLength(1));
  await flushed(courier(false, 'two'), 2);
  open();
  await flushed(one, 1);
  vi.restoreAllMocks();
  expect(sent()).toEqual([`${TAB}:0`]);
});
