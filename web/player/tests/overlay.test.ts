import { expect, test } from 'vitest';
import { idle } from '../page/timeline.ts';
import { placeAt } from '../src/overlay.ts';

const pointer = {
  at: Float64Array.from([1000, 1016, 5000]),
  x: Float32Array.from([0, 16, 500]),
  y: Float32Array.from([10, 10, 90]),
};

test('between two samples the pointer is on the line between them, and where it rested it stays', () => {
  expect(placeAt(pointer, 999)).toBeUndefined();
  expect([1000, 1004, 1016, 4999, 5000, 9000].map((time) => placeAt(pointer, time))).toEqual([
    [0, 10],
    [4, 10],
    [16, 10],
    [16, 10],
    [500, 90],
    [500, 90],
  ]);
});

const chunk = (seq: number, first_at: number, last_at: number) => {
  return { seq, kind: 'mutations' as const, first_at, last_at, whole: true, bytes: 1 };
};
const view = {
  page_view_id: 'p',
  tab_id: 't',
  page_url: null,
  page_title: null,
  started_at: 1000,
  ended_at: 61_000,
  clock_error_ms: null,
  ledger: { expected: 5, received: 2, lost: 3 },
  ended: true,
  missing: [] as [number, number][],
  chunks: [chunk(0, 1000, 6000), chunk(3, 20_000, 21_000)],
  assets: { named: 0, stored: {} },
  degraded: [],
};

test('idle is where nobody did anything and nothing changed', () => {
  expect(idle(view, { viewport: [1, 1], pointer, marks: [], boxes: [] })).toEqual([
    { from: 5000, until: 19_000 },
    { from: 20_000, until: 60_000 },
  ]);
});
