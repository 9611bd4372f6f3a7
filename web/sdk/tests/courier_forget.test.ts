/** Consent taken back. */
import { expect, test, vi } from 'vitest';
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
  stored,
} from './collector.ts';

eachWithACollector();

test('nothing more is sent or kept, of any tab; flushes settle', async () => {
  await dead({ ...batch(0, 3), header: header(0, 'closed-tab') });
  answerWith(Array.from({ length: 1000 }, () => ({ status: 503 })));
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
