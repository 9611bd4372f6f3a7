import 'fake-indexeddb/auto';
import { describe, expect, test } from 'vitest';
import { type Entry, MemoryOutbox, type Outbox, StoredOutbox } from '../src/worker/outbox.ts';

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
    expect((await outbox.get(['b', 1]))?.rest).toBe('x'.repeat(10));
    await outbox.remove(['a', 0]);
    await outbox.remove(['a', 0]);
    expect(await outbox.get(['a', 0])).toBeUndefined();
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
