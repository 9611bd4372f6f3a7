import { expect, test } from 'vitest';
import { Clock } from '../src/worker/clock.ts';

test('offset and error come from the answer with the smallest round trip', () => {
  const clock = new Clock();
  expect(clock.estimate()).toBeNull();
  // The server is 1,000 ms ahead; 30 ms there, 10 ms back, 5 ms of work.
  clock.observe(0, 45, 1030, 1035);
  expect(clock.estimate()).toEqual({ offset_ms: 1010, error_ms: 20 });
  clock.observe(100, 300, 1290, 1295);
  expect(clock.estimate()).toEqual({ offset_ms: 1010, error_ms: 20 });
  clock.observe(400, 404, 1402, 1402);
  expect(clock.estimate()).toEqual({ offset_ms: 1000, error_ms: 2 });
});

test('the true offset is within the error bound', () => {
  for (const [there, back] of [
    [0, 80],
    [80, 0],
    [13, 27],
  ] as const) {
    const clock = new Clock();
    clock.observe(0, there + 7 + back, -500 + there, -500 + there + 7);
    const { offset_ms, error_ms } = clock.estimate() ?? { offset_ms: Number.NaN, error_ms: 0 };
    expect(Math.abs(offset_ms + 500)).toBeLessThanOrEqual(error_ms);
  }
});

test('answers without times teach nothing', () => {
  const clock = new Clock();
  clock.observe(0, 10, undefined as never, 5);
  expect(clock.estimate()).toBeNull();
});

test('a jump of the clock voids the estimate until the next answer', () => {
  const clock = new Clock();
  clock.observe(0, 4, 2, 2, 0);
  expect(clock.estimate(400)).not.toBeNull();
  expect(clock.estimate(60_000)).toBeNull();
  clock.observe(0, 40, 60_020, 60_020, 60_000);
  expect(clock.estimate(60_000)).toEqual({ offset_ms: 60_000, error_ms: 20 });
});
