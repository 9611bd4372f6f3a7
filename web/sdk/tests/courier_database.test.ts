/** A database that fails, for a time or for good. */
import { afterEach, expect, test, vi } from 'vitest';
import { Courier } from '../src/worker/courier.ts';
import { StoredOutbox } from '../src/worker/stored_outbox.ts';
import {
  answerWith,
  attempts,
  batch,
  courier,
  eachWithACollector,
  flushed,
  reports,
  START,
  settled,
  stored,
  TAB,
  told,
} from './collector.ts';

eachWithACollector();

/** A worker whose first attempt found no network, and that waits for it. */
async function waiting(): Promise<{ made: Courier; online: () => void }> {
  let online: () => void = () => {};
  answerWith(['no network']);
  const made = new Courier(
    told(),
    () =>
      new Promise((resolve) => {
        online = resolve;
      }),
  );
  made.receive({ ...START, memoryOnly: false });
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
  answerWith(Array.from({ length: 100 }, () => 'no network' as const));
  const made = new Courier(told(), () => new Promise(() => {}));
  made.receive({ ...START, memoryOnly: false });
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
