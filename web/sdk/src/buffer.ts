/** Events in capture order, and the samples of pointer trails in one typed array. Hands out `seq`. */
import { TRANSFER_SAMPLES_MAX } from './limits.ts';
import { type Chunk, type EventType, type Fields, roundMicros, type TelemetryEvent } from './wire.ts';

/** About the bytes of a value as JSON; cheap, and never far below. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 3;
  if (typeof value !== 'object' || value === null) return 9;
  let bytes = 2;
  for (const key in value) bytes += key.length + 4 + sizeOf((value as Record<string, unknown>)[key]);
  return bytes;
}

const EVENT_BYTES = 60;
const SAMPLE_BYTES = 20;

export interface EventBuffer {
  /** Appends an event and returns about its bytes as JSON. Closes an open trail, since order is `seq`. */
  add(type: EventType, at: number, fields: Fields): number;
  /** Appends a sample to the open trail, or begins one. Returns about its bytes, and whether it began a trail. */
  sample(at: number, x: number, y: number): [bytes: number, began: boolean];
  /** How many events wait, whether no further sample fits, and the next `seq`. */
  state(): [events: number, full: boolean, seq: number];
  /** Empties the buffer. */
  take(): Chunk;
}

// A closure rather than a class, here and in the tracker: its variables minify to one letter.
export function createBuffer(): EventBuffer {
  const samples = new Int32Array(TRANSFER_SAMPLES_MAX * 3);
  let seq = 0;
  let events: TelemetryEvent[] = [];
  let used = 0;
  let trail: TelemetryEvent | null = null;
  let trailMicros = 0;

  const append = (type: EventType, at: number, fields: Fields): TelemetryEvent => {
    const event = { seq: seq++, type, at: roundMicros(at), ...fields };
    events.push(event);
    return event;
  };
  return {
    add(type, at, fields) {
      trail = null;
      append(type, at, fields);
      return EVENT_BYTES + sizeOf(fields);
    },
    sample(at, x, y) {
      const began = !trail;
      if (!trail) {
        trail = append('pointer', at, {});
        trail.trail = trailMicros = 0;
      }
      const micros = Math.max(trailMicros, Math.round((at - trail.at) * 1000));
      samples.set([micros - trailMicros, Math.round(x * 4), Math.round(y * 4)], used);
      used += 3;
      trailMicros = micros;
      (trail.trail as number)++;
      return [SAMPLE_BYTES + (began ? EVENT_BYTES : 0), began];
    },
    state: () => [events.length, used === samples.length, seq],
    take() {
      const chunk = { events, samples: samples.slice(0, used) };
      events = [];
      used = 0;
      trail = null;
      return chunk;
    },
  };
}
