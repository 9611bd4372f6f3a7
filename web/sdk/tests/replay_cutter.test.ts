/** Where a recording is cut. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Cutter, type Stretch } from '../src/worker/replay/cutter.ts';
import { CHUNK_MS_MAX, CHUNK_UNITS_MAX } from '../src/worker/replay/limits.ts';
import { change, snapshot } from './replay_setup.ts';

let cuts: Stretch[];
let cutter: Cutter;
beforeEach(() => {
  vi.useFakeTimers();
  cuts = [];
  cutter = new Cutter((stretch) => cuts.push(stretch));
});
afterEach(() => vi.useRealTimers());

const take = (...events: Parameters<Cutter['take']>[0][]) => {
  for (const event of events) cutter.take(event);
};
const shapes = () => cuts.map(({ kind, events }) => [kind, events]);

test('a chunk ends five seconds after its first event, not after its last', () => {
  take(change(1));
  vi.advanceTimersByTime(CHUNK_MS_MAX - 1);
  take(change(2));
  expect(cuts).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(shapes()).toEqual([['mutations', 2]]);
});

test('without a change there is no chunk, however often it is ended', () => {
  cutter.end();
  vi.advanceTimersByTime(60_000);
  expect(cuts).toEqual([]);
  expect(cutter.isOpen).toBe(false);
});

test.each([
  [CHUNK_UNITS_MAX - 1, 1],
  [CHUNK_UNITS_MAX - 2, 0],
])('a chunk of %i units and a line end is cut: %i', (units, count) => {
  take(change(1, units));
  expect(cuts).toHaveLength(count);
});

test('a snapshot begins a chunk, and what changes after it is in that chunk', () => {
  take(change(1), ...snapshot(2), change(3), ...snapshot(4));
  cutter.end();
  expect(shapes()).toEqual([
    ['mutations', 1],
    ['snapshot', 3],
    ['snapshot', 2],
  ]);
  expect(cuts[1]).toMatchObject({ nodes: 7, cost_ms: 4, first_q: 2, last_q: 3 });
});

test('the two lines of a snapshot stay together, however long the first', () => {
  const [size, page] = snapshot(1, { units: CHUNK_UNITS_MAX * 3 });
  take({ ...size, line: change(0, CHUNK_UNITS_MAX * 2).line } as never, page as never);
  expect(shapes()).toEqual([['snapshot', 2]]);
});

test('a snapshot that is not whole says so', () => {
  const [size, page] = snapshot(1);
  take(size as never, { ...page, partial: true } as never);
  cutter.end();
  take(...snapshot(2));
  cutter.end();
  expect(cuts.map(({ partial }) => partial)).toEqual([true, false]);
});

test('times and numbers never run backwards within a chunk, and are never below the first', () => {
  take({ ...change(5), q: -1 }, { ...change(3), q: 9 }, change(4));
  cutter.end();
  expect(cuts[0]).toMatchObject({ first_q: 0, last_q: 9, first_at: change(5).at, last_at: change(5).at });
});
