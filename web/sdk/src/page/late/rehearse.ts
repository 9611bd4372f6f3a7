/** What the end of a page does is done once before, in an idle moment: the first time costs most of it. */
import type { Chunk, Header, RawElement } from '../../shared/chunk.ts';
import { EVENT_TYPES, type EventType } from '../../shared/types.ts';
import { referrerOf } from '../natives.ts';
import type { Tracker } from '../tracker.ts';
import { lastWords } from './last_words.ts';

/** The usual ones; the first has details. */
const TYPES: EventType[] = [
  'request',
  'pointer',
  'pointer',
  'element_enter',
  'element_leave',
  'click',
  'focus',
  'key',
  'input',
  'blur',
  'scroll',
  'web_vital',
  'page_leave',
];

/** Writes a batch that nobody gets. */
export function rehearse({ view }: Tracker): void {
  const rows = TYPES.flatMap((type) => [EVENT_TYPES.indexOf(type), 0, 1, 0, 0, 0, 0]);
  const element: RawElement = {
    tag: 'a',
    id: 'a',
    name: 'a',
    role: 'link',
    // Looked at for all that may have to be masked, as most texts need not be.
    text: 'é: 1 234 567',
    around: ['a', 'a'],
    path: [['a#', 'a', '']],
    rect: [0, 0, 0, 0],
  };
  const { href } = location;
  const request = { method: null, url: href, status: null, duration_ms: 0, initiator: 'img', bytes: null };
  const chunk: Chunk = {
    first_seq: 0,
    origin: 0,
    rows: new Float64Array(rows),
    elements: JSON.stringify([element]),
    details: [[0, request]],
  };
  // The time zone is the worker's to know.
  const page = { ...view.page(), url: href, referrer: referrerOf(document), timezone: 'UTC' };
  lastWords('', { page } as Header, [chunk], 0, null, 0);
}
