/** How many changes are taken, and when there is to be a new snapshot. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Budget } from '../src/worker/replay/budget.ts';
import {
  CHANGES_AT_ONCE_UNITS_MAX,
  CHANGES_UNITS_PER_S,
  CHECKOUT_AFTER_UNITS,
  CHECKOUT_COST_MS_MAX,
  CHECKOUT_EVERY_MS,
  QUIET_MS,
  QUIET_WITHIN_MS,
} from '../src/worker/replay/limits.ts';
import type { Recorded } from '../src/worker/replay/recorded.ts';
import { change, snapshot } from './replay_setup.ts';

let snapshots: number;
let skips: number;
let budget: Budget;
let now: number;
beforeEach(() => {
  vi.useFakeTimers();
  now = snapshots = skips = 0;
  const tell = { snapshot: () => snapshots++, skipping: () => skips++ };
  budget = new Budget(tell, CHECKOUT_EVERY_MS, () => now);
});
afterEach(() => vi.useRealTimers());

const pass = (ms: number) => {
  now += ms;
  vi.advanceTimersByTime(ms);
};
const takes = (event: Recorded | undefined) => budget.takes(event as Recorded);
const begin = (cost_ms = 4) => snapshot(0, { cost_ms }).map(takes);

test('so many units at once, then so many a second', () => {
  begin(CHECKOUT_COST_MS_MAX + 1);
  expect(takes(change(1, CHANGES_AT_ONCE_UNITS_MAX))).toBe(true);
  pass(1000);
  expect(takes(change(2, CHANGES_UNITS_PER_S))).toBe(true);
  expect(takes(change(3, 100))).toBe(false);
  expect([skips, snapshots]).toEqual([1, 0]);
});

test('what was left out is told once; two quiet seconds later there is a snapshot, and all goes on', () => {
  begin();
  takes(change(1, CHANGES_AT_ONCE_UNITS_MAX + 1));
  pass(QUIET_MS - 1);
  expect(takes(change(2))).toBe(false);
  pass(QUIET_MS - 1);
  expect([skips, snapshots]).toEqual([1, 0]);
  pass(1);
  expect(snapshots).toBe(1);
  expect(takes(change(3))).toBe(false);
  begin();
  expect(takes(change(4))).toBe(true);
  pass(QUIET_MS * 2);
  expect(snapshots).toBe(1);
});

test('a page that is never quiet has a snapshot all the same', () => {
  begin();
  takes(change(1, CHANGES_AT_ONCE_UNITS_MAX + 1));
  const every = QUIET_MS / 2;
  for (let ms = every; ms < QUIET_WITHIN_MS; ms += every) {
    pass(every);
    expect(takes(change(2))).toBe(false);
  }
  expect(snapshots).toBe(0);
  pass(every);
  takes(change(3));
  pass(every);
  expect(snapshots).toBe(1);
  begin();
  expect(takes(change(4))).toBe(true);
});

test.each([
  [CHECKOUT_AFTER_UNITS - 1, 0],
  [CHECKOUT_AFTER_UNITS, 1],
])('after %i units of changes: %i snapshots', (units, count) => {
  begin(CHECKOUT_COST_MS_MAX);
  takes(change(1, units));
  expect(snapshots).toBe(count);
});

test('a page that changes has a snapshot every five minutes, one that does not has none', () => {
  begin();
  pass(CHECKOUT_EVERY_MS - 1);
  takes(change(1));
  expect(snapshots).toBe(0);
  pass(1);
  expect(snapshots).toBe(0);
  takes(change(2));
  takes(change(3));
  expect(snapshots).toBe(1);
});

test('a snapshot that held the page up is not asked for again', () => {
  begin(CHECKOUT_COST_MS_MAX + 0.1);
  pass(CHECKOUT_EVERY_MS * 2);
  takes(change(1, CHECKOUT_AFTER_UNITS));
  expect(snapshots).toBe(0);
});

test('nothing is asked for when the page view is over', () => {
  begin();
  takes(change(1, CHANGES_AT_ONCE_UNITS_MAX + 1));
  budget.end();
  pass(QUIET_MS * 2);
  expect(snapshots).toBe(0);
});
