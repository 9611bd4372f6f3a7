/** What becomes of a batch: sent in order, tried again, settled. */
import { expect, test } from 'vitest';
import {
  ADDRESS,
  type Attempt,
  answerWith,
  attempts,
  batch,
  courier,
  eachWithACollector,
  flushed,
  reports,
  settled,
  waits,
} from './collector.ts';
import { wrongWith } from './contract.ts';

eachWithACollector();

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

test('what was handed over in parts is one batch, and each part is reported as it is written', async () => {
  const made = courier();
  const [first, second] = [batch(0, 3), batch(0, 2)];
  second.chunk.first_seq = 3;
  made.receive({ kind: 'part', chunk: first.chunk, base: first.header.page.url });
  made.receive(second);
  made.receive(batch(1, 1));
  await flushed(made);
  expect(attempts.map(({ batch }) => batch.events.map(({ seq }) => seq))).toEqual([[0, 1, 2, 3, 4], [100]]);
  for (const { batch } of attempts) expect(wrongWith(batch)).toBeNull();
  const written = reports.filter((report) => report.kind === 'written').map((report) => report.written);
  expect(written).toEqual([{ events: 3, text: JSON.stringify(attempts[0]?.batch.events.slice(0, 3)).slice(1, -1) }]);
  expect(settled()).toMatchObject([{ acknowledged: 5 }, { acknowledged: 1 }]);
});

test('a part that cannot be written ends its whole batch, which is counted', async () => {
  const made = courier();
  const [first, second] = [batch(0, 3), batch(0, 2)];
  first.chunk.elements = '{';
  made.receive({ kind: 'part', chunk: first.chunk, base: first.header.page.url });
  made.receive(second);
  await flushed(made);
  expect(attempts).toHaveLength(0);
  expect(reports).toContainEqual({ kind: 'written', written: { text: '', events: 3 } });
  expect(settled()).toMatchObject([{ acknowledged: 0, dropped: 5 }]);
});

test('a retry is the same batch; only the moment of sending differs', async () => {
  answerWith([{ status: 503 }, 'no network', { status: 429, retryAfter: '7' }, { status: 200 }]);
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
  answerWith([{ status: 503 }, { status: 503 }]);
  const made = courier();
  for (let n = 0; n < 3; n++) made.receive(batch(n, 1));
  await flushed(made);
  expect(attempts.map(({ batch }) => batch.batch_seq)).toEqual([0, 0, 0, 1, 2]);
});

test.each([400, 401, 403, 422])('%i: dropped and counted, not sent again', async (status) => {
  answerWith([{ status }]);
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
  answerWith([{ status: 200, rejected: 2 }]);
  const made = courier();
  made.receive(batch(0, 5));
  await flushed(made);
  expect(settled()).toMatchObject([{ acknowledged: 3, dropped: 2 }]);
});

test('413 halves the batch until it passes; a single event is dropped', async () => {
  answerWith([{ status: 413 }, { status: 413 }, { status: 413 }, { status: 200 }, { status: 200 }]);
  const made = courier();
  made.receive(batch(0, 4));
  await flushed(made);
  const counts = attempts.map(({ batch }) => batch.events.length);
  expect(counts).toEqual([4, 2, 1, 1, 2]);
  expect(settled()).toMatchObject([{ acknowledged: 3, dropped: 1 }]);
});
