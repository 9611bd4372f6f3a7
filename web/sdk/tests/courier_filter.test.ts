/** The site's own filter. */
import { expect, test, vi } from 'vitest';
import type { TelemetryEvent } from '../src/shared/batch.ts';
import { Courier } from '../src/worker/courier.ts';
import { type Attempt, attempts, batch, courier, eachWithACollector, flushed, START, tail, told } from './collector.ts';

eachWithACollector();

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
