/** Batches that pages left in localStorage when they ended: written, or still as they were noted. */
import type { Chunk } from '../shared/chunk.ts';
import { encodeRest } from '../shared/encode.ts';
import type { Entry } from './entry.ts';
import { filtered } from './hooks.ts';

/** Null for what is no batch. The page has not the site's filter; and what writes batches may not have been there yet. */
export function entryOf(text: string): Entry | null {
  try {
    const { sent_at, clock: _, header, chunk, ...written } = JSON.parse(text);
    const batch = header ? JSON.parse(encodeRest(header, numbered(chunk)).rest) : written;
    const { tab_id, batch_seq, events } = batch;
    if (typeof tab_id !== 'string' || !(batch_seq >= 0) || !(sent_at >= 0)) return null;
    const rest = JSON.stringify({ ...batch, events: filtered(events) });
    return { tab_id, batch_seq, created_at: sent_at, events: events.length, rest };
  } catch {
    return null;
  }
}

/** JSON has null where a row has nothing. */
function numbered(chunk: Omit<Chunk, 'rows'> & { rows: (number | null)[] }): Chunk {
  return { ...chunk, rows: Float64Array.from(chunk.rows, (value) => value ?? Number.NaN) };
}
