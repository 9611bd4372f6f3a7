import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Post } from '../src/page/attempt.ts';
import { findWayWithout } from '../src/page/late/without_worker.ts';
import type { Settings } from '../src/page/settings.ts';
import type { Chunk } from '../src/shared/chunk.ts';
import { WORKER_WITHIN_MS } from '../src/shared/limits.ts';
import type { Report } from '../src/shared/messages.ts';
import { EVENT_TYPES } from '../src/shared/types.ts';
import './setup.ts';

const BASE = 'https://shop.example/';
let reports: Report[];

/** The page itself, where neither the worker nor its file as a script can be had. */
function alone(settings: Partial<Settings> = {}): Post {
  let found: Post | undefined;
  const given = { worker: '/none.js', nonce: '', ...settings } as Settings;
  findWayWithout(
    given,
    'https://collect.example/',
    (report) => reports.push(report),
    () => {},
    (post) => {
      found = post;
    },
  );
  vi.advanceTimersByTime(WORKER_WITHIN_MS);
  return found as Post;
}

const chunk = (first_seq: number): Chunk => ({
  first_seq,
  origin: 0,
  rows: new Float64Array([EVENT_TYPES.indexOf('heartbeat'), 0, 0, 0, 0, 0, 0]),
  elements: '[]',
  details: [],
});

beforeEach(() => {
  reports = [];
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  vi.useRealTimers();
});

test('each part is reported as written, as a worker does: the page keeps it no longer', () => {
  const post = alone();
  for (const seq of [0, 1]) post({ kind: 'part', chunk: chunk(seq), base: BASE });
  expect(reports).toEqual(
    [0, 1].map((seq) => ({
      kind: 'written',
      written: { text: expect.stringContaining(`"seq":${seq}`), events: 1 },
    })),
  );
});

test('also one that cannot be written, or that is the site’s own filter’s to see', () => {
  alone()({ kind: 'part', chunk: { ...chunk(0), elements: 'none' }, base: BASE });
  alone({ hooks: '/hooks.js' })({ kind: 'part', chunk: chunk(0), base: BASE });
  expect(reports).toEqual([0, 1].map(() => ({ kind: 'written', written: { text: '', events: 0 } })));
});
