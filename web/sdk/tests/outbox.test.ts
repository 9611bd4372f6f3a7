import 'fake-indexeddb/auto';
import { describe, expect, test } from 'vitest';
import type { Entry, Key } from '../src/worker/entry.ts';
import { MemoryOutbox } from '../src/worker/memory_outbox.ts';
import { StoredOutbox } from '../src/worker/stored_outbox.ts';

/** What both have in common; the one in memory answers at once. */
interface Outbox {
  put(entry: Entry): Entry[] | Promise<Entry[]>;
  remove(key: Key): unknown;
  keys(): Key[] | Promise<Key[]>;
}

const LIMITS = { bytes: 1000, batches: 5, ageMs: 10_000 };
let names = 0;

function entry(batch_seq: number, created_at: number, bytes = 10, tab_id = 'a'): Entry {
  return { tab_id, batch_seq, created_at, events: 3, rest: 'x'.repeat(bytes) };
}

describe.each<[string, (now: () => number) => Promise<Outbox>]>([
  ['memory', async (now) => new MemoryOutbox(LIMITS, now)],
  ['stored', (now) => StoredOutbox.open(`outbox-${++names}`, LIMITS, now)],
])('%s', (_, open) => {
  test('keeps, gives back and removes', async () => {
    const outbox = await open(() => 100);
    await outbox.put(entry(0, 100));
    await outbox.put(entry(1, 100, 10, 'b'));
    expect(await outbox.keys()).toEqual([
      ['a', 0],
      ['b', 1],
    ]);
    await outbox.remove(['a', 0]);
    await outbox.remove(['a', 0]);
    expect(await outbox.keys()).toEqual([['b', 1]]);
  });

  test('the same batch twice counts once', async () => {
    const outbox = await open(() => 100);
    for (let n = 0; n < 20; n++) expect(await outbox.put(entry(0, 100, 900))).toEqual([]);
    expect(await outbox.keys()).toEqual([['a', 0]]);
  });

  test('drops the oldest first, beyond the number of batches', async () => {
    const outbox = await open(() => 100);
    const dropped: Entry[] = [];
    for (let n = 0; n < 8; n++) dropped.push(...(await outbox.put(entry(n, n))));
    expect(dropped.map(({ batch_seq }) => batch_seq)).toEqual([0, 1, 2]);
    expect((await outbox.keys()).map(([, seq]) => seq)).toEqual([3, 4, 5, 6, 7]);
  });

  test('exactly at the size limit nothing is dropped, one byte more drops the oldest', async () => {
    const outbox = await open(() => 100);
    await outbox.put(entry(0, 0, 600));
    expect(await outbox.put(entry(1, 1, 400))).toEqual([]);
    expect((await outbox.put(entry(2, 2, 1))).map(({ batch_seq }) => batch_seq)).toEqual([0]);
  });

  test('drops what is too old', async () => {
    let now = 0;
    const outbox = await open(() => now);
    await outbox.put(entry(0, 0));
    now = 10_000;
    expect(await outbox.put(entry(1, now))).toEqual([]);
    now = 10_001;
    expect((await outbox.put(entry(2, now))).map(({ batch_seq }) => batch_seq)).toEqual([0]);
  });
});

test('a stored outbox outlives its owner', async () => {
  const first = await StoredOutbox.open('lasting', LIMITS);
  await first.put(entry(7, Date.now()));
  const second = await StoredOutbox.open('lasting', LIMITS);
  expect(await second.keys()).toEqual([['a', 7]]);
});

test('a stored outbox gives the batches of one tab, in order', async () => {
  const outbox = await StoredOutbox.open('of-tabs', LIMITS, () => 100);
  for (const [seq, tab] of [
    [1, 'a'],
    [0, 'a'],
    [0, 'aa'],
    [0, 'b'],
  ] as const)
    await outbox.put(entry(seq, 100, 10, tab));
  expect((await outbox.of('a')).map(({ batch_seq }) => batch_seq)).toEqual([0, 1]);
});

/** A transaction of the page's own code, over stores that are ours. */
function clear(name: string, stores: string[]): Promise<void> {
  return new Promise((resolve) => {
    const request = indexedDB.open(name, 1);
    request.onsuccess = () => {
      const transaction = request.result.transaction(stores, 'readwrite');
      for (const store of stores) transaction.objectStore(store).clear();
      transaction.oncomplete = () => {
        request.result.close();
        resolve();
      };
    };
  });
}

test.each([[['batches']], [['books']], [['batches', 'books']]])(
  'books fit after the page cleared %s',
  async (stores) => {
    const name = `cleared-${stores}`;
    const outbox = await StoredOutbox.open(name, LIMITS, () => 100);
    for (let n = 0; n < 3; n++) await outbox.put(entry(n, 100, 300));
    await clear(name, stores);
    const left = (await outbox.keys()).length;
    const dropped: Entry[] = [];
    for (let n = 3; n < 6; n++) dropped.push(...(await outbox.put(entry(n, 100, 300))));
    expect(dropped).toHaveLength(left);
  },
);

test('an empty database that somebody else made is made anew', async () => {
  await new Promise<void>((resolve) => {
    const request = indexedDB.open('empty', 1);
    request.onsuccess = () => {
      request.result.close();
      resolve();
    };
  });
  const outbox = await StoredOutbox.open('empty', LIMITS);
  await outbox.put(entry(0, Date.now()));
  expect(await outbox.keys()).toEqual([['a', 0]]);
});
