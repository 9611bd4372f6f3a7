/** The notes of one batch: rows of numbers, details, elements. Hands out `seq`. */
import { type Chunk, type Details, WIDTH } from '../shared/chunk.ts';
import { NOTES_ROWS_MAX } from '../shared/limits.ts';
import { EVENT_TYPES } from '../shared/types.ts';
import type { Elements } from './elements.ts';
import { ORIGIN } from './natives.ts';

const POINTER = EVENT_TYPES.indexOf('pointer');

export interface Notes {
  /** Writes a row and returns its event's `seq`. There must be room. */
  add(type: number, at: number, element: number, a: number, b: number, c: number, d: number, details?: Details): number;
  /** Whether a sample of the pointer would begin a trail, and so be an event. */
  beginsTrail(): boolean;
  hasRoom(): boolean;
  /** The `seq` of the next event. */
  next(): number;
  take(): Chunk;
}

// A closure rather than a class, here and in the tracker: its variables minify to one letter.
export function createNotes(elements: Elements): Notes {
  const rows = new Float64Array(NOTES_ROWS_MAX * WIDTH);
  let used = 0;
  let seq = 0;
  let first = 0;
  let inTrail = false;
  let details: Chunk['details'] = [];

  return {
    add(type, at, element, a, b, c, d, more) {
      if (type !== POINTER || !inTrail) seq++;
      inTrail = type === POINTER;
      if (more) details.push([used / WIDTH, more]);
      rows[used] = type;
      rows[used + 1] = at;
      rows[used + 2] = element;
      rows[used + 3] = a;
      rows[used + 4] = b;
      rows[used + 5] = c;
      rows[used + 6] = d;
      used += WIDTH;
      return seq - 1;
    },
    beginsTrail: () => !inTrail,
    hasRoom: () => used < rows.length,
    next: () => seq,
    take() {
      const taken = { first_seq: first, origin: ORIGIN, rows: rows.slice(0, used), elements: elements.take(), details };
      first = seq;
      used = 0;
      inTrail = false;
      details = [];
      return taken;
    },
  };
}
