/** The notes of one batch: rows of numbers, details, elements. Hands out `seq`, and counts. */
import { type Chunk, type Details, type DetailsFor, WIDTH } from '../shared/chunk.ts';
import { BATCH_BYTES_MAX, ELEMENT_BYTES, EVENT_BYTES, NOTES_ROWS_MAX, SAMPLE_BYTES } from '../shared/limits.ts';
import { EVENT_TYPES, type EventType } from '../shared/types.ts';
import { ALL, type Elements, HIDDEN, type Known, NOTHING } from './elements.ts';
import type { Gate } from './gate.ts';
import { ORIGIN } from './natives.ts';
import { pointerType } from './pointer_type.ts';

const NUMBER_OF = Object.fromEntries(EVENT_TYPES.map((type, number) => [type, number])) as Record<EventType, number>;
const { pointer: POINTER } = NUMBER_OF;

type Sample = Pick<PointerEvent, 'clientX' | 'clientY' | 'pointerType'>;

export interface Notes {
  /**
   * Takes one event and returns its `seq`; −1 when it is not taken. `at` is ms since the document began, as in
   * `Event.timeStamp`. `its` is what `know` gave: of a hidden element nothing is taken. `details`: what a row cannot hold. The
   * four numbers are those that `encode.ts` reads for the type.
   */
  note<T extends EventType>(
    type: T,
    at: number,
    its?: Known | 0,
    details?: DetailsFor<T> | 0,
    a?: number,
    b?: number,
    c?: number,
    d?: number,
  ): number;
  /** Takes one sample of the pointer, of an event or of what it coalesces. */
  sample(at: number, pointer: Sample): void;
  /** The `seq` of the next event. */
  nextSeq(): number;
  /** How many events of each type there were so far. */
  readonly captured: Uint32Array;
  samplesSoFar(): number;
  /**
   * Takes rows out of the batch, which goes on: those before the first of an element that is none of the first `whole`, which are those
   * of which all is known. Null: there are fewer than `least`.
   */
  takePart(least: number, whole?: number): Chunk | null;
  /** Ends the batch: the rest of it. Null: there is no event in it. */
  takeAll(): Chunk | null;
  /** Forgets everything, and numbers anew. */
  restart(): void;
}

/**
 * `begun`: the first event of a batch was noted. `full`: as much as a batch may hold.
 *
 * What happens for each event is in one function, without parts of it in others: it runs some milliseconds after the last
 * time, when the processor has the code of neither at hand any more.
 */
export function createNotes(elements: Elements, gate: Gate, begun: () => void, full: () => void): Notes {
  const rows = new Float64Array(NOTES_ROWS_MAX * WIDTH);
  const captured = new Uint32Array(EVENT_TYPES.length);
  let used = 0;
  let bytes = 0;
  let seq = 0;
  /** The first `seq` of this batch, and of what is still here of it. */
  let first = 0;
  let here = 0;
  let samples = 0;
  let inTrail = false;
  let details: Chunk['details'] = [];

  /** The rows before `end` go, and what is known of the first `told` elements. */
  const leave = (end: number, told: number): Chunk => {
    const left = end / WIDTH;
    const chunk = {
      first_seq: here,
      origin: ORIGIN,
      rows: rows.slice(0, end),
      elements: elements.takeRaw(told),
      details: details.filter(([row]) => row < left),
    };
    details = details.slice(chunk.details.length).map(([row, more]) => [row - left, more]);
    rows.copyWithin(0, end, used);
    used -= end;
    inTrail &&= used > 0;
    here = seq;
    for (let i = 0; i < used; i += WIDTH) {
      rows[i + 2] = elements.anew(rows[i + 2] as number);
      // Further samples of a trail are no events.
      if (rows[i] !== POINTER || rows[i - WIDTH] !== POINTER) here--;
    }
    return chunk;
  };
  const take = () => {
    if (seq === first) return null;
    first = seq;
    bytes = 0;
    return leave(used, ALL);
  };
  const note: Notes['note'] = (name, at, its, more, a, b, c, d) => {
    if (its === HIDDEN || !(gate.takesAll || gate.opens(seq, samples))) return -1;
    const type = NUMBER_OF[name];
    inTrail = false;
    rows[used] = type;
    rows[used + 1] = at;
    rows[used + 2] = its ? (its.inChunk === elements.chunkNow ? its.nth : elements.nthOf(its)) : 0;
    // A typed array makes NaN of what is not there.
    rows[used + 3] = a as number;
    rows[used + 4] = b as number;
    rows[used + 5] = c as number;
    rows[used + 6] = d as number;
    if (more) {
      details.push([used / WIDTH, more]);
      bytes += sizeOf(more);
    }
    used += WIDTH;
    bytes += its && its !== NOTHING ? EVENT_BYTES + ELEMENT_BYTES : EVENT_BYTES;
    captured[type] = (captured[type] as number) + 1;
    const own = seq++;
    if (own === first) begun();
    if (bytes >= BATCH_BYTES_MAX) full();
    return own;
  };
  return {
    captured,
    note,
    sample(at, pointer) {
      if (!(gate.takesAll || gate.opens(seq, samples))) return;
      const { clientX, clientY } = pointer;
      if (inTrail) {
        rows[used] = POINTER;
        rows[used + 1] = at;
        rows[used + 2] = 0;
        rows[used + 3] = clientX;
        rows[used + 4] = clientY;
        used += WIDTH;
        bytes += SAMPLE_BYTES;
        if (bytes >= BATCH_BYTES_MAX) full();
      } else {
        // Told of the first of a trail only.
        note('pointer', at, 0, 0, clientX, clientY, Number.NaN, pointerType(pointer));
        // It may have been the last of a batch.
        inTrail = used > 0;
      }
      samples++;
    },
    nextSeq: () => seq,
    samplesSoFar: () => samples,
    takePart(least, whole = elements.whole()) {
      let end = 0;
      while (end < used && (rows[end + 2] as number) <= whole) end += WIDTH;
      return end < least * WIDTH ? null : leave(end, whole);
    },
    takeAll: take,
    restart() {
      take();
      seq = first = here = samples = 0;
      captured.fill(0);
    },
  };
}

/** About the bytes of details as JSON; cheap, and never far below. */
function sizeOf(details: Details): number {
  let bytes = 2;
  for (const value of Object.values(details)) bytes += 12 + (typeof value === 'string' ? value.length : 9);
  return bytes;
}
