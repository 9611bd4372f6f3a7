/** What the network sees. */
import { expect, test } from 'vitest';
import { Courier } from '../src/worker/courier.ts';
import {
  answerWith,
  attempts,
  batch,
  courier,
  eachWithACollector,
  flushed,
  START,
  settled,
  told,
} from './collector.ts';

eachWithACollector();

test('requests that need no preflight: plain text, no further header, the key in the address', async () => {
  const made = courier();
  made.receive(batch(0, 3));
  await flushed(made);
  expect(attempts[0]?.headers).toEqual({ 'Content-Type': 'text/plain' });
});

test('compressed from then on when the collector says that it knows gzip by its first bytes', async () => {
  answerWith(Array.from({ length: 3 }, () => ({ status: 200, encodings: ['gzip'] })));
  const made = courier();
  for (const n of [0, 1]) {
    made.receive(batch(n, 200));
    await flushed(made, n);
  }
  expect(attempts[1]?.bytes).toBeLessThan((attempts[0]?.bytes ?? 0) / 2);
  expect(attempts[1]?.headers).toEqual({ 'Content-Type': 'text/plain' });
});

test.each([400, 415])('a peer that does not know it answers %i: the batch goes again, as it is', async (status) => {
  answerWith([{ status: 200, encodings: ['gzip'] }, { status }]);
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
