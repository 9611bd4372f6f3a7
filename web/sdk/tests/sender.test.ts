import { expect, test } from 'vitest';
import { pauseMs, retryAfterMs, verdictOf } from '../src/worker/sender.ts';

test.each([
  [200, 'delivered'],
  [202, 'delivered'],
  [400, 'refused'],
  [401, 'refused'],
  [403, 'refused'],
  [404, 'refused'],
  [408, 'again'],
  [413, 'too_large'],
  [422, 'refused'],
  [425, 'again'],
  [429, 'again'],
  [500, 'again'],
  [503, 'again'],
])('%i means %s', (status, kind) => {
  expect(verdictOf(status, null).kind).toBe(kind);
});

test('Retry-After in seconds, as a date, or neither', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  expect(retryAfterMs('3', now)).toBe(3000);
  expect(retryAfterMs('Sat, 21 Nov 2026 12:00:05 GMT', now)).toBe(5000);
  expect(retryAfterMs('Sat, 21 Nov 2026 11:00:00 GMT', now)).toBe(0);
  expect(retryAfterMs('999999', now)).toBe(360_000);
  expect(retryAfterMs('soon', now)).toBeNull();
  expect(retryAfterMs(null, now)).toBeNull();
});

test('pauses double, scatter by half, and end at six minutes', () => {
  expect([1, 2, 3, 4].map((n) => pauseMs(n, 0.5))).toEqual([1000, 2000, 4000, 8000]);
  expect(pauseMs(1, 0)).toBe(500);
  expect(pauseMs(1, 1)).toBe(1500);
  expect(pauseMs(50, 1)).toBe(360_000);
});
