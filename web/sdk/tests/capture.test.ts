import { describe, expect, test } from 'vitest';
import { scrubStack } from '../src/page/capture/errors.ts';
import { keyClass } from '../src/page/capture/keys.ts';
import { interactionToNextPaint, layoutShift } from '../src/page/capture/vitals.ts';

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
  ['Shift', {}, 'modifier'],
  ['F5', {}, 'function'],
  ['F', {}, 'character'],
  ['AudioVolumeUp', {}, 'other'],
])('key %s is of class', (key, held, expected) => {
  expect(keyClass({ key, ctrlKey: false, metaKey: false, ...held })).toBe(expected);
});

test('layout shift is the largest burst', () => {
  const shift = layoutShift();
  shift(1000, 0.1);
  expect(shift(1500, 0.1)).toBeCloseTo(0.2);
  expect(shift(2500, 0.15)).toBeCloseTo(0.2);
  expect(shift(3000, 0.1)).toBeCloseTo(0.25);
});

test('interaction to next paint leaves out one outlier in fifty', () => {
  const interaction = interactionToNextPaint();
  expect(interaction(1, 500)).toBe(500);
  let value = 0;
  for (let id = 2; id <= 49; id++) value = interaction(id, 100);
  expect(value).toBe(500);
  expect(interaction(50, 90)).toBe(100);
});

test('a stack is told without message and secrets, with its names and places', () => {
  const stack =
    'TypeError: jo@mail.example\n    at f (https://shop.example/app.js?v=secret:10:4)\ng@https://u:secret@shop.example/a.js#secret:1:2';
  expect(scrubStack(stack)).toBe('    at f (https://shop.example/app.js?v=:10:4)\ng@https://shop.example/a.js:1:2');
});
