import { expect, test } from 'vitest';
import { clock, Gaps, words } from '../src/gaps.ts';

test('a gap spoils what is shown until the next snapshot after it', () => {
  const gaps = new Gaps();
  gaps.snapshot(1000);
  const gap = { from: 2000, until: 3000, what: 'lost' };
  gaps.add(gap);
  expect([1999, 2000, 3000, 1e12].map((time) => gaps.at(time))).toEqual([undefined, gap, gap, gap]);
  gaps.snapshot(5000);
  gaps.snapshot(9000);
  expect(gaps.endOf(gap)).toBe(5000);
  expect(gaps.at(5000)).toBeUndefined();
});

test('it is told in words', () => {
  expect(words({ from: 42_000, until: 54_400, what: 'lost' }, 1000)).toBe('12 s of page changes lost at 0:41');
  expect(words({ from: 1000, until: 1001, what: 'could not be read' }, 1000)).toBe(
    '1 s of page changes could not be read at 0:00',
  );
  expect([0, 61_000, 3_723_000, -5].map(clock)).toEqual(['0:00', '1:01', '1:02:03', '0:00']);
});
