/** What a batch becomes that is too large to travel whole. */
import { toJson } from './json.ts';

export interface Part {
  /** JSON of a batch. */
  text: string;
  events: number;
}

/**
 * Parts keep the number of their batch, since only the page hands numbers out: for the ledger the number is there, and
 * events are told apart by their own. Each has an id of its own, since it is another content.
 */
export function halves({ text, events }: Part, newId: () => string): Part[] {
  const batch = JSON.parse(text) as { events: unknown[] };
  const middle = events >> 1;
  return [batch.events.slice(0, middle), batch.events.slice(middle)].map((some) => {
    return { text: toJson({ ...batch, batch_id: newId(), events: some }), events: some.length };
  });
}
