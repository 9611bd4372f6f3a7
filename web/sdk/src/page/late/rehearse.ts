/** What the end of a page does is done once before, in an idle moment: the first time costs most of it. */
import type { Header, RawElement } from '../../shared/chunk.ts';
import { encodeRest } from '../../shared/encode.ts';
import { EVENT_TYPES, type EventType } from '../../shared/types.ts';

/** The usual ones, none of which needs details. */
const TYPES: EventType[] = [
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
export function rehearse(): void {
  const rows = TYPES.flatMap((type) => [EVENT_TYPES.indexOf(type), 0, 1, 0, 0, 0, 0]);
  const element: RawElement = {
    tag: 'a',
    id: 'a',
    name: 'a',
    role: 'link',
    text: 'a 1',
    around: ['a', 'a'],
    path: [['a#', 'a', '']],
    rect: [0, 0, 0, 0],
  };
  // The time zone is the worker's to know.
  const page = { url: location.href, referrer: location.href, title: 'a', timezone: 'UTC' };
  encodeRest({ page } as Header, {
    first_seq: 0,
    origin: 0,
    rows: new Float64Array(rows),
    elements: JSON.stringify([element]),
    details: [],
  });
}
