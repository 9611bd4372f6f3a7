/** A batch that the page itself has to write, because it ends: sent by beacon as far as there is room. */
import { type ClockEstimate, encodeBatch } from '../../shared/batch.ts';
import type { Chunk, Header, Written } from '../../shared/chunk.ts';
import { writeBatch, writeEvents } from '../../shared/encode.ts';
import { halves, type Part } from '../../shared/halves.ts';
import { BEACON_PART_BYTES_MIN } from '../../shared/limits.ts';
import { uuidV7 } from '../common.ts';
import { sendBeacon } from '../natives.ts';
import type { Words } from '../tools.ts';

const NOT_ASCII = /[^\0-\x7f]/;

export function lastWords(
  address: string,
  header: Header,
  parts: (Chunk | Written)[],
  sentAt: number,
  clock: ClockEstimate | null,
  room: number,
): Words {
  const beacon = (part: Part): void => {
    const bytes = bytesOf(part.text);
    if (bytes <= room && sendBeacon(navigator, address, part.text)) room -= bytes;
    else if (part.events > 1 && Math.min(bytes, room) > BEACON_PART_BYTES_MIN)
      for (const half of halves(part, uuidV7)) beacon(half);
  };
  const { rest, events } = writeBatch(
    header,
    parts.map((part) => ('rows' in part ? writeEvents(part, header.page.url) : part)),
  );
  const text = encodeBatch(rest, sentAt, clock);
  beacon({ text, events });
  return { text, room };
}

/** In UTF-8. */
const bytesOf = (text: string): number => (NOT_ASCII.test(text) ? new Blob([text]).size : text.length);
