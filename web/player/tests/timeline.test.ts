import { expect, test } from 'vitest';
import type { Chunk, PageView } from '../page/recording.ts';
import { losses, said } from '../page/timeline.ts';

const chunk = (seq: number, from: number, until: number, whole = true): Chunk => ({
  seq,
  kind: seq ? 'mutations' : 'snapshot',
  first_at: from * 1000,
  last_at: until * 1000,
  whole,
  bytes: 1,
});

/** What a person reads of a page view that began at 0 and ended at 60 s. */
function told(
  chunks: Chunk[],
  missing: [number, number][],
  ended = true,
  degraded: PageView['degraded'] = [],
): string[] {
  const view = { chunks, missing, ended, degraded, started_at: 0, ended_at: 60_000 } as unknown as PageView;
  return losses(view).map((lost) => said(lost, view));
}

test('of a whole recording nothing is missing', () => {
  expect(told([chunk(0, 0, 5), chunk(1, 20, 25)], [])).toEqual([]);
});

test('what is missing is told from the chunk before to the one behind', () => {
  expect(
    told(
      [chunk(0, 0, 5), chunk(2, 20, 25), chunk(4, 40, 45)],
      [
        [1, 1],
        [3, 3],
      ],
    ),
  ).toEqual(['15 s of page changes lost at 0:05', '15 s of page changes lost at 0:25']);
});

test('a chunk of which a part is missing is missing', () => {
  expect(told([chunk(0, 0, 5), chunk(1, 10, 12, false), chunk(2, 20, 25)], [[1, 1]])).toEqual([
    '15 s of page changes lost at 0:05',
  ]);
});

test('a tab that was closed told how many there are: the tail is lost', () => {
  expect(told([chunk(0, 0, 5), chunk(1, 20, 25)], [[2, 3]])).toEqual(['35 s of page changes lost at 0:25']);
});

test('all of a recording is lost', () => {
  expect(told([], [[0, 3]])).toEqual(['60 s of page changes lost at 0:00']);
});

test('a browser that was killed told nothing: what came after its last chunk may be missing', () => {
  expect(told([chunk(0, 0, 5), chunk(1, 20, 25)], [], false)).toEqual(['35 s of page changes may be missing at 0:25']);
  expect(told([chunk(0, 0, 5), chunk(1, 20, 75)], [], false)).toEqual(['1 s of page changes may be missing at 1:15']);
  expect(told([], [], false)).toEqual([]);
});

test('what the recorder left out is told, to the next snapshot or the end', () => {
  const again = { ...chunk(1, 40, 45), kind: 'snapshot' as const };
  const said = (...degraded: [number, string][]) =>
    told(
      [chunk(0, 0, 5), again],
      [],
      true,
      degraded.map(([at, what]) => ({ at: at * 1000, what })),
    );
  expect(said([45, 'replay_dom:error'], [12, 'replay_dom:too_large'], [20, 'replay_dom:bytes'])).toEqual([
    '28 s of page changes left out: they were too large at 0:12',
    '15 s of page changes left out: the recorder failed at 0:45',
  ]);
  expect(said([50, 'replay:too_large'], [10, 'requests'])).toEqual([
    '10 s of page changes left out: the page was too large at 0:50',
  ]);
  expect(told([], [], true, [{ at: 1000, what: 'replay:too_large' }])).toEqual([]);
});
