import { describe, expect, test, vi } from 'vitest';
import { createThinner } from '../src/page/capture/pointer.ts';
import { createElements } from '../src/page/elements.ts';
import { createGate } from '../src/page/gate.ts';
import { TOOLS } from '../src/page/late/tools.ts';
import { createNotes, type Notes } from '../src/page/notes.ts';
import { bring } from '../src/page/tools.ts';
import type { TelemetryEvent, Trail } from '../src/shared/batch.ts';
import type { Chunk, Header } from '../src/shared/chunk.ts';
import { encodeRest } from '../src/shared/encode.ts';
import { BATCH_BYTES_MAX, EVENT_BYTES, NOTES_ROWS_MAX, PART_ROWS_MIN, PLACE_WITHIN_MS } from '../src/shared/limits.ts';

bring(TOOLS);

const HEADER = { page: { url: 'https://shop.example/', referrer: '', title: '' } } as Header;

let began = 0;
let isFull = false;
const newNotes = (elements = createElements()): Notes => {
  began = 0;
  isFull = false;
  return createNotes(
    elements,
    createGate('granted'),
    () => began++,
    () => {
      isFull = true;
    },
  );
};
const mouse = (clientX: number, clientY: number) => ({ clientX, clientY, pointerType: 'mouse' });
const eventsOf = (chunk: Chunk | null): TelemetryEvent[] => JSON.parse(encodeRest(HEADER, chunk as Chunk).rest).events;

describe('notes', () => {
  test('a trail keeps device time to the microsecond and a quarter pixel, without drift', () => {
    const notes = newNotes();
    for (let n = 0; n < 100; n++) notes.sample(1000 + n * 8.3333, mouse(44 + n / 3, 31));
    const [event] = eventsOf(notes.takeAll());
    const { dt, x } = (event as TelemetryEvent).trail as Trail;
    expect(dt[0]).toBe(0);
    expect(dt.reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(99 * 8.3333, 2);
    expect(x[1]).toBe(44.25);
    expect(event?.pointer_type).toBe('mouse');
  });

  test('another event closes the trail, so that seq is the order', () => {
    const notes = newNotes();
    notes.sample(1, mouse(0, 0));
    notes.sample(2, mouse(1, 1));
    notes.note('click', 3, 0, 0, 1, 1, 0);
    notes.sample(4, mouse(2, 2));
    const events = eventsOf(notes.takeAll());
    expect(events.map(({ seq, type }) => [seq, type])).toEqual([
      [0, 'pointer'],
      [1, 'click'],
      [2, 'pointer'],
    ]);
    expect(events[2]?.trail).toEqual({ dt: [0], x: [2], y: [2] });
    expect(events[0]?.trail).toEqual({ dt: [0, 1], x: [0, 1], y: [0, 1] });
  });

  test('seq goes on over takes, and a trail does not', () => {
    const notes = newNotes();
    notes.sample(1, mouse(0, 0));
    notes.sample(2, mouse(0, 0));
    expect(eventsOf(notes.takeAll())).toHaveLength(1);
    notes.sample(3, mouse(0, 0));
    expect(eventsOf(notes.takeAll())[0]?.seq).toBe(1);
    expect(notes.takeAll()).toBeNull();
  });

  test('encoding twice gives the same: the page and the worker both do', () => {
    const notes = newNotes();
    notes.sample(1, mouse(5, 6));
    const chunk = notes.takeAll();
    expect(eventsOf(structuredClone(chunk))).toEqual(eventsOf(chunk));
  });

  test('an element that was known before has its number in whatever batch it is noted', () => {
    const elements = createElements();
    const notes = newNotes(elements);
    const tags = () => (JSON.parse((notes.takeAll() as Chunk).elements) as { tag: string }[]).map(({ tag }) => tag);
    const [body, head] = [elements.know(document.body), elements.know(document.head)];
    notes.note('element_enter', 1, head);
    notes.note('element_enter', 2, body);
    expect(tags()).toEqual(['head', 'body']);
    notes.note('element_leave', 3, body);
    expect(tags()).toEqual(['body']);
  });

  test('a part ends before the first element that is not known whole; the rest follows', () => {
    const elements = createElements();
    const notes = newNotes(elements);
    const [body, head] = [elements.know(document.body, true), elements.know(document.head)];
    const custom = (at: number, name: string) => notes.note('custom', at, 0, { name, properties: '' });
    const told = (chunk: Chunk | null) =>
      eventsOf(chunk).map(({ seq, type, element, name, trail }) => [
        seq,
        element?.tag ?? name ?? (trail as Trail | undefined)?.x ?? type,
      ]);
    // As the browser would tell it with the next frame.
    body.rect = [0, 0, 1, 1];
    notes.note('element_enter', 1, body);
    for (let n = 0; n < PART_ROWS_MIN; n++) notes.sample(n, mouse(n, n));
    custom(20, 'first');
    notes.note('element_enter', 21, head);
    notes.sample(22, mouse(7, 7));
    expect(notes.takePart(PART_ROWS_MIN + 3)).toBeNull();
    const samples = Array.from({ length: PART_ROWS_MIN }, (_, n) => n);
    expect(told(notes.takePart(PART_ROWS_MIN + 2))).toEqual([
      [0, 'body'],
      [1, samples],
      [2, 'first'],
    ]);
    expect(notes.takePart(1)).toBeNull();
    notes.sample(23, mouse(8, 8));
    notes.note('element_leave', 26, body);
    expect(told(notes.takeAll())).toEqual([
      [3, 'head'],
      [4, [7, 8]],
      [5, 'body'],
    ]);
    expect(notes.takeAll()).toBeNull();
  });

  test('the place of an element is waited for, but not for long', async () => {
    const elements = createElements();
    const notes = newNotes(elements);
    notes.note('click', 1, elements.know(document.body, true));
    expect(notes.takePart(1)).toBeNull();
    const part = await vi.waitUntil(() => notes.takePart(1), { timeout: 20 * PLACE_WITHIN_MS });
    expect(eventsOf(part)).toHaveLength(1);
  });

  test('a trail over a moment in which a part was not worth a message is one event', () => {
    const notes = newNotes();
    notes.sample(1, mouse(1, 1));
    expect([notes.takePart(2), notes.takePart(2)]).toEqual([null, null]);
    notes.sample(2, mouse(2, 2));
    expect(eventsOf(notes.takeAll())).toMatchObject([{ seq: 0, trail: { x: [1, 2] } }]);
    expect(notes.nextSeq()).toBe(1);
  });

  test('a part may be all that is there, also of a trail that goes on', () => {
    const notes = newNotes();
    notes.sample(1, mouse(1, 1));
    expect(eventsOf(notes.takePart(1))).toHaveLength(1);
    expect(notes.takePart(1)).toBeNull();
    notes.sample(2, mouse(2, 2));
    expect(eventsOf(notes.takeAll())).toMatchObject([{ seq: 1, trail: { x: [2] } }]);
  });

  test('a batch whose last part has left is ended all the same', () => {
    const notes = newNotes();
    for (let n = 0; n < PART_ROWS_MIN; n++) notes.note('focus', n);
    expect(eventsOf(notes.takePart(1))).toHaveLength(PART_ROWS_MIN);
    expect(notes.takeAll()).toMatchObject({ first_seq: PART_ROWS_MIN, rows: new Float64Array() });
    expect(notes.takeAll()).toBeNull();
  });

  test('is full with as much as a batch may hold, and takes no more rows than there are', () => {
    const notes = newNotes();
    for (let n = 0; !isFull; n++) notes.note('focus', n);
    const { length } = eventsOf(notes.takeAll());
    expect(length).toBe(Math.ceil(BATCH_BYTES_MAX / EVENT_BYTES));
    // As many as the collector takes.
    expect(length).toBeLessThanOrEqual(1000);
    isFull = false;
    for (let n = 0; !isFull; n++) notes.sample(n, mouse(n, n));
    expect(notes.samplesSoFar()).toBeLessThanOrEqual(NOTES_ROWS_MAX);
    const [event] = eventsOf(notes.takeAll());
    expect(event?.trail).toMatchObject({ x: Array.from({ length: notes.samplesSoFar() }, (_, n) => n) });
    expect(began).toBe(2);
  });
});

describe('thinning of pointer samples', () => {
  /** How many of a second's samples at `hz` are kept, from `at` on. */
  const second = (keep: (at: number) => boolean, at: number, hz: number) =>
    Array.from({ length: hz }, (_, n) => keep(at + (n * 1000) / hz)).filter(Boolean).length;

  test('exactly 250 a second are all kept, 251 are too many', () => {
    const changes: number[] = [];
    const keep = createThinner((rate) => changes.push(rate));
    for (let s = 0; s < 5; s++) expect(second(keep, 1000 + s * 1000, 250)).toBe(250);
    expect(changes).toEqual([]);
    second(keep, 6000, 251);
    expect(changes).toEqual([60]);
  });

  test('60 a second, then 20, and all again when the device calms down', () => {
    const changes: number[] = [];
    const keep = createThinner((rate) => changes.push(rate));
    second(keep, 1000, 1000);
    second(keep, 2000, 1000);
    const thin = second(keep, 3000, 1000);
    expect(thin).toBeGreaterThanOrEqual(19);
    expect(thin).toBeLessThanOrEqual(21);
    expect(second(keep, 4000, 100)).toBeLessThanOrEqual(21);
    expect(second(keep, 5000, 100)).toBe(100);
    expect(changes).toEqual([60, 20, Number.NaN]);
  });
});
