import { describe, expect, test } from 'vitest';
import { createThinner } from '../src/page/capture/pointer.ts';
import { createElements } from '../src/page/elements.ts';
import { createNotes, type Notes } from '../src/page/notes.ts';
import type { TelemetryEvent, Trail } from '../src/shared/batch.ts';
import type { Chunk, Header } from '../src/shared/chunk.ts';
import { encodeRest } from '../src/shared/encode.ts';
import { NOTES_ROWS_MAX } from '../src/shared/limits.ts';
import { EVENT_TYPES, type EventType } from '../src/shared/types.ts';

const HEADER = { page: { url: 'https://shop.example/', referrer: '', title: '' } } as Header;
const MOUSE = 0;

const add = (notes: Notes, type: EventType, at: number, ...values: number[]) =>
  notes.add(EVENT_TYPES.indexOf(type), at, 0, values);
const eventsOf = (chunk: Chunk): TelemetryEvent[] => JSON.parse(encodeRest(HEADER, chunk).rest).events;

describe('notes', () => {
  test('a trail keeps device time to the microsecond and a quarter pixel, without drift', () => {
    const notes = createNotes(createElements());
    for (let n = 0; n < 100; n++) notes.sample(1000 + n * 8.3333, 44 + n / 3, 31, MOUSE);
    const [event] = eventsOf(notes.take());
    const { dt, x } = (event as TelemetryEvent).trail as Trail;
    expect(dt[0]).toBe(0);
    expect(dt.reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(99 * 8.3333, 2);
    expect(x[1]).toBe(44.25);
    expect(event?.pointer_type).toBe('mouse');
  });

  test('another event closes the trail, so that seq is the order', () => {
    const notes = createNotes(createElements());
    notes.sample(1, 0, 0, MOUSE);
    notes.sample(2, 1, 1, MOUSE);
    add(notes, 'click', 3, 1, 1, 0);
    notes.sample(4, 2, 2, MOUSE);
    const events = eventsOf(notes.take());
    expect(events.map(({ seq, type }) => [seq, type])).toEqual([
      [0, 'pointer'],
      [1, 'click'],
      [2, 'pointer'],
    ]);
    expect(events[2]?.trail).toEqual({ dt: [0], x: [2], y: [2] });
    expect(events[0]?.trail).toEqual({ dt: [0, 1], x: [0, 1], y: [0, 1] });
  });

  test('seq goes on over takes, and a trail does not', () => {
    const notes = createNotes(createElements());
    expect(notes.sample(1, 0, 0, MOUSE)).toBe(true);
    expect(notes.sample(2, 0, 0, MOUSE)).toBe(false);
    notes.take();
    expect(notes.sample(3, 0, 0, MOUSE)).toBe(true);
    expect(eventsOf(notes.take())[0]?.seq).toBe(1);
  });

  test('encoding twice gives the same: the page and the worker both do', () => {
    const notes = createNotes(createElements());
    notes.sample(1, 5, 6, MOUSE);
    const chunk = notes.take();
    expect(eventsOf(structuredClone(chunk))).toEqual(eventsOf(chunk));
  });

  test('has room for as many rows as it says', () => {
    const notes = createNotes(createElements());
    for (let n = 0; n < NOTES_ROWS_MAX; n++, expect(notes.hasRoom()).toBe(n < NOTES_ROWS_MAX)) add(notes, 'focus', n);
    expect(eventsOf(notes.take())).toHaveLength(NOTES_ROWS_MAX);
    expect(notes.hasRoom()).toBe(true);
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
