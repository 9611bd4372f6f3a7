/** Which visitors are recorded. */
import { expect, test } from 'vitest';
import { uuidV7 } from '../src/shared/uuid.ts';
import { shareOf } from '../src/worker/share.ts';

test('a visitor is always in the same place', () => {
  expect(shareOf('0194a1b2-0000-7000-8000-000000000001')).toBe(shareOf('0194a1b2-0000-7000-8000-000000000001'));
});

test.each([
  ['of one moment, that differ at their end', (n: number) => `0194a1b2-0000-7000-8000-${`${n}`.padStart(12, '0')}`],
  ['as they are made', () => uuidV7()],
])('visitors %s: each tenth has about a tenth of them', (_, id) => {
  const counts = new Array(10).fill(0);
  const visitors = 20_000;
  for (let n = 0; n < visitors; n++) counts[Math.floor(shareOf(id(n)) * 10)]++;
  for (const count of counts) expect(Math.abs(count - visitors / 10)).toBeLessThan(250);
});
