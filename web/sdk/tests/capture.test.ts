import { describe, expect, test } from 'vitest';
import { createBuffer } from '../src/buffer.ts';
import { scrubStack } from '../src/page/capture/errors.ts';
import { keyClass } from '../src/page/capture/keys.ts';
import { createThinner } from '../src/page/capture/pointer.ts';
import { interactionToNextPaint, layoutShift } from '../src/page/capture/vitals.ts';
import { customProperties } from '../src/page/custom.ts';
import { expandTrails, type TelemetryEvent, type Trail } from '../src/shared/batch.ts';

describe('buffer', () => {
  test('a trail keeps device time to the microsecond and a quarter pixel, without drift', () => {
    const buffer = createBuffer();
    for (let n = 0; n < 100; n++) buffer.sample(1_795_250_919_010 + n * 8.3333, 44 + n / 3, 31);
    const event = expandTrails(buffer.take())[0] as TelemetryEvent;
    const { dt, x } = event.trail as Trail;
    expect(dt[0]).toBe(0);
    expect(dt.reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(99 * 8.3333, 2);
    expect(x[1]).toBe(44.25);
  });

  test('another event closes the trail, so that seq is the order', () => {
    const buffer = createBuffer();
    buffer.sample(1, 0, 0);
    buffer.sample(2, 1, 1);
    buffer.add('click', 3, {});
    buffer.sample(4, 2, 2);
    const events = expandTrails(buffer.take());
    expect(events.map(({ seq, type }) => [seq, type])).toEqual([
      [0, 'pointer'],
      [1, 'click'],
      [2, 'pointer'],
    ]);
    expect(events[2]?.trail).toEqual({ dt: [0], x: [2], y: [2] });
    expect(events[0]?.trail).toEqual({ dt: [0, 1], x: [0, 1], y: [0, 1] });
  });

  test('seq goes on over takes', () => {
    const buffer = createBuffer();
    buffer.add('focus', 1, {});
    buffer.take();
    buffer.add('blur', 2, {});
    expect(buffer.take().events[0]?.seq).toBe(1);
  });

  test('expanding twice gives the same: the page and the worker both do', () => {
    const buffer = createBuffer();
    buffer.sample(1, 5, 6);
    const chunk = buffer.take();
    expect(expandTrails(chunk)).toEqual(expandTrails(chunk));
  });
});

describe('thinning of pointer samples', () => {
  /** How many of a second's samples at `hz` are kept, from `at` on. */
  const second = (keep: (at: number) => boolean, at: number, hz: number) =>
    Array.from({ length: hz }, (_, n) => keep(at + (n * 1000) / hz)).filter(Boolean).length;

  test('exactly 250 a second are all kept, 251 are too many', () => {
    const changes: (number | null)[] = [];
    const keep = createThinner((rate) => changes.push(rate));
    for (let s = 0; s < 5; s++) expect(second(keep, 1000 + s * 1000, 250)).toBe(250);
    expect(changes).toEqual([]);
    second(keep, 6000, 251);
    expect(changes).toEqual([60]);
  });

  test('60 a second, then 20, and all again when the device calms down', () => {
    const changes: (number | null)[] = [];
    const keep = createThinner((rate) => changes.push(rate));
    second(keep, 1000, 1000);
    second(keep, 2000, 1000);
    const thin = second(keep, 3000, 1000);
    expect(thin).toBeGreaterThanOrEqual(19);
    expect(thin).toBeLessThanOrEqual(21);
    expect(second(keep, 4000, 100)).toBeLessThanOrEqual(21);
    expect(second(keep, 5000, 100)).toBe(100);
    expect(changes).toEqual([60, 20, null]);
  });
});

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

describe('properties of custom events', () => {
  test('plain JSON passes', () => {
    const given = { code: 'none', depth: { a: [1, 2] }, at: new Date(0), no: null };
    expect(customProperties(given)).toEqual({ ...given, at: '1970-01-01T00:00:00.000Z' });
  });

  test('cycles, functions, huge numbers and half characters do no harm', () => {
    const cycle: Record<string, unknown> = { n: Number.NaN, big: 10n, f: () => 1, s: '\ud83d' };
    cycle.self = cycle;
    expect(customProperties(cycle)).toMatchObject({ n: null, big: '10', s: '\ufffd' });
  });

  test('what is too large, or no object, is left out', () => {
    expect(customProperties(Array.from({ length: 3 }))).toBeNull();
    expect(customProperties({ list: Array.from({ length: 9000 }, () => 'xyz') })).toBeNull();
    expect(customProperties('x' as never)).toBeNull();
  });
});
