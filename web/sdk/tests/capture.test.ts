import { describe, expect, test } from 'vitest';
import { keyClass } from '../src/page/capture/keys.ts';
import { interactions, layoutShift } from '../src/page/late/vitals.ts';
import * as WORDS from '../src/shared/words.ts';

test.each([
  ['a', {}, 'character'],
  ['ß', {}, 'character'],
  ['😀', {}, 'character'],
  ['c', { ctrlKey: true }, 'shortcut'],
  ['v', { metaKey: true }, 'shortcut'],
  ['ArrowDown', {}, 'navigation'],
  ['Tab', {}, 'navigation'],
  ['Backspace', {}, 'editing'],
  ['Enter', {}, 'enter'],
  ['Escape', {}, 'escape'],
  ['Shift', {}, 'modifier'],
  ['F5', {}, 'function'],
  ['F', {}, 'character'],
  ['AudioVolumeUp', {}, 'other'],
])('key %s is of class', (key, held, expected) => {
  expect(WORDS.key[keyClass({ key, ctrlKey: false, metaKey: false, ...held })]).toBe(expected);
});

test('layout shift is the largest burst', () => {
  const shift = layoutShift();
  shift(1000, 0.1);
  expect(shift(1500, 0.1)).toBeCloseTo(0.2);
  expect(shift(2500, 0.15)).toBeCloseTo(0.2);
  expect(shift(3000, 0.1)).toBeCloseTo(0.25);
});

describe('interaction to next paint', () => {
  test('leaves out one outlier in fifty of all interactions, also of those too short to be told', () => {
    const seen = interactions();
    expect(seen.toNextPaint(0)).toBeUndefined();
    seen.seen(7, 500);
    seen.seen(14, 100);
    seen.seen(7, 90);
    expect(seen.toNextPaint(49)).toBe(500);
    expect(seen.toNextPaint(50)).toBe(100);
    expect(seen.toNextPaint(1000)).toBe(100);
  });

  test('guesses their number from their ids where the browser does not tell it', () => {
    const seen = interactions();
    seen.seen(700, 500);
    seen.seen(700 + 48 * 7, 100);
    expect(seen.toNextPaint()).toBe(500);
    seen.seen(700 + 49 * 7, 100);
    expect(seen.toNextPaint()).toBe(100);
  });

  test('keeps the ten longest, in whatever order they come', () => {
    const seen = interactions();
    for (let id = 1; id <= 1000; id++) seen.seen(id, (id * 37) % 1000);
    expect(seen.toNextPaint(1000)).toBe(990);
    expect(seen.toNextPaint(49)).toBe(999);
  });
});
