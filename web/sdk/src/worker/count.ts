/** How many events a chunk has. */
import { type Chunk, WIDTH } from '../shared/chunk.ts';
import { EVENT_TYPES } from '../shared/types.ts';

const POINTER = EVENT_TYPES.indexOf('pointer');

/** Rows that are no further samples of a trail. */
export function countEvents({ rows }: Chunk): number {
  let events = 0;
  for (let i = 0; i < rows.length; i += WIDTH) if (rows[i] !== POINTER || rows[i - WIDTH] !== POINTER) events++;
  return events;
}
