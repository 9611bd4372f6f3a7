/** The notes of one batch: rows of numbers, details, elements. Hands out `seq`. */
import { type Chunk, type Details, WIDTH } from '../shared/chunk.ts';
import { NOTES_ROWS_MAX } from '../shared/limits.ts';
import { EVENT_TYPES } from '../shared/types.ts';
import type { Elements } from './elements.ts';
import { ORIGIN } from './natives.ts';

const POINTER = EVENT_TYPES.indexOf('pointer');

export interface Notes {
  /** Writes an event, whose type is not `pointer`, and returns its `seq`. There must be room. */
  add(type: number, at: number, element: number, values: readonly (number | undefined)[], details?: Details): number;
  /** Writes a sample of the pointer, and says whether it began a trail, and so is an event. There must be room. */
  sample(at: number, x: number, y: number, pointerType: number): boolean;
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
    add(type, at, element, values, more) {
      inTrail = false;
      if (more) details.push([used / WIDTH, more]);
      rows[used] = type;
      rows[used + 1] = at;
      rows[used + 2] = element;
      for (let i = 0; i < 4; i++) rows[used + 3 + i] = values[i] as number; // a typed array makes NaN of what is not there
      used += WIDTH;
      return seq++;
    },
    sample(at, x, y, pointerType) {
      rows[used] = POINTER;
      rows[used + 1] = at;
      rows[used + 2] = 0;
      rows[used + 3] = x;
      rows[used + 4] = y;
      rows[used + 6] = pointerType;
      used += WIDTH;
      const begins = !inTrail;
      inTrail = true;
      if (begins) seq++;
      return begins;
    },
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
