/** Mode `friction`: what is kept, and what has it sent. */
import { expect, test } from 'vitest';
import type { TelemetryEvent } from '../src/shared/batch.ts';
import { Friction } from '../src/worker/replay/friction.ts';
import { Generations } from '../src/worker/replay/generations.ts';
import { GENERATION_MS_MIN, GENERATIONS_KEPT, OUTBOX_FRAMES_BYTES_MAX } from '../src/worker/replay/limits.ts';

const element = (path: string) => ({ path, tag: 'a', id: null, name: null, role: null, text: null, rect: null });
const click = (at: number, x = 0, path = 'main>button'): TelemetryEvent => {
  return { seq: 0, type: 'click', at, x, y: 0, element: element(path) };
};
const request = (status: number | null): TelemetryEvent => ({ seq: 0, type: 'request', at: 0, request: { status } });

test.each<[string, boolean, TelemetryEvent[]]>([
  ['an error', true, [{ seq: 0, type: 'error', at: 0 }]],
  ['a request that got 500', true, [request(500)]],
  ['a request that got no answer', true, [request(0)]],
  ['a request that got 499', false, [request(499)]],
  ['a request whose status nobody told', false, [request(null)]],
  ['three clicks, each a second and 30 px after the last', true, [click(0), click(1000, 30), click(2000, 60)]],
  ['two clicks', false, [click(0), click(10)]],
  ['a pause of more than a second', false, [click(0), click(1001), click(2001)]],
  ['a way of more than 30 px', false, [click(0), click(10, 31), click(20, 31)]],
  ['another element', false, [click(0), click(10), click(20, 0, 'main>a')]],
])('%s: %s', (_, seen, events) => {
  expect(new Friction().sees(events)).toBe(seen);
  // The same, when they come one by one.
  const friction = new Friction();
  expect(events.map((event) => friction.sees([event])).includes(true)).toBe(seen);
});

/** mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const kept = (kind: 'snapshot' | 'mutations', first_at: number, bytes = 1000) => ({ kind, first_at, bytes });

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'seed %i: it begins with a snapshot, is whole, 60 s or more, and bounded',
  (seed) => {
    const random = seeded(seed);
    const generations = new Generations<ReturnType<typeof kept>>();
    const all: ReturnType<typeof kept>[] = [];
    let at = 0;
    for (let n = 0; n < 300; n++) {
      at += random() * 8_000;
      const chunk = kept(n === 0 || random() < 0.1 ? 'snapshot' : 'mutations', at, Math.floor(random() * 20_000));
      all.push(chunk);
      expect(generations.keep(chunk)).toBe(true);
    }
    const released = generations.release();
    expect(released).toEqual(all.slice(-released.length));
    expect(released[0]?.kind).toBe('snapshot');
    expect(at - (released[0]?.first_at ?? at)).toBeGreaterThanOrEqual(GENERATION_MS_MIN);
    // Of more than two generations the first is kept only while the others were too short when the last one began.
    const began = released.flatMap(({ kind }, n) => (kind === 'snapshot' ? [n] : []));
    if (began.length > GENERATIONS_KEPT) {
      const newest = released[(began.at(-1) as number) - 1]?.first_at ?? 0;
      expect(newest - (released[began[1] as number]?.first_at ?? 0)).toBeLessThan(GENERATION_MS_MIN);
    }
    expect(generations.release()).toEqual([]);
  },
);

test('snapshots a minute apart: two generations', () => {
  const generations = new Generations<ReturnType<typeof kept>>();
  for (let n = 0; n < 10; n++) {
    generations.keep(kept('snapshot', n * 61_000));
    generations.keep(kept('mutations', n * 61_000 + 60_500));
  }
  expect(generations.release().map(({ first_at }) => first_at)).toEqual([488_000, 548_500, 549_000, 609_500]);
});

test('changes without a snapshot before them are not kept', () => {
  const generations = new Generations<ReturnType<typeof kept>>();
  expect(generations.keep(kept('mutations', 0))).toBe(false);
  expect(generations.release()).toEqual([]);
});

test('what is larger than the share goes, and it says so', () => {
  const generations = new Generations<ReturnType<typeof kept>>();
  const half = OUTBOX_FRAMES_BYTES_MAX / 2;
  expect(generations.keep(kept('snapshot', 0, half))).toBe(true);
  expect(generations.keep(kept('snapshot', 1, half))).toBe(true);
  expect(generations.keep(kept('mutations', 2, half))).toBe(true);
  expect(generations.keep(kept('mutations', 3, 1))).toBe(false);
  expect(generations.release()).toEqual([]);
});
