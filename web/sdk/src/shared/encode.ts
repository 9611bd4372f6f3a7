/** From what the page noted to the batch that travels: masks, scrubs, names the numbers. In the worker, or where the page ends. */
import { type ClientHints, type ElementInfo, roundMicros, type TelemetryEvent, type Trail } from './batch.ts';
import {
  type Chunk,
  type Details,
  type DetailsOf,
  type Header,
  type Purpose,
  type RawElement,
  WIDTH,
  type Written,
} from './chunk.ts';
import { toJson } from './json.ts';
import { ELEMENT_TEXT_UNITS_MAX, SDK_VERSION, STRING_UNITS_MAX } from './limits.ts';
import { clean, maskMessage, maskPart, maskText } from './text.ts';
import { EVENT_TYPES, type EventType } from './types.ts';
import { scrubRequestUrl, scrubStack, scrubText, scrubUrl } from './urls.ts';
import { WORDS } from './words.ts';

const tenth = (pixels: number) => Math.round(pixels * 10) / 10;
const quarter = (pixels: number) => Math.round(pixels * 4) / 4;
/** NaN is how a row says that there is nothing. */
const known = (value: number): number | undefined => (Number.isNaN(value) ? undefined : value);
const duration = (ms: number): number | undefined => known(Math.max(0, roundMicros(ms)));
const word = (words: keyof typeof WORDS, place: number): string | undefined => WORDS[words][place];

/** Whether what was typed or chosen for such a purpose may leave. */
type Judge = (purpose: Purpose) => boolean;

function elementInfo(raw: RawElement, base: string, mayTell: Judge): ElementInfo {
  const { tag, id = '', name = '', role = '', purpose, around = ['', ''], path = [], rect } = raw;
  const text = (!purpose || mayTell(purpose)) && raw.text;
  return {
    path: clean(path.map(([before, value, after]) => before + (value && maskText(value, 64)) + after).join('>')),
    tag: clean(tag, 64),
    id: (id && maskText(id, 64)) || null,
    name: (name && maskText(name, 64)) || null,
    role: clean(role, 32) || null,
    text: (text && maskPart(around[0], scrubText(text, base), around[1], ELEMENT_TEXT_UNITS_MAX)) || null,
    rect: rect && (rect.map(tenth) as ElementInfo['rect']),
  };
}

/** As IANA names it. */
export const timezone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The four numbers of a row that its type explains. */
type Numbers = [a: number, b: number, c: number, d: number];

/** What a type adds to an event. */
function fields(type: EventType, n: Numbers, details: Details | undefined, base: string, mayTell: Judge): object {
  switch (type) {
    case 'page_view':
      return { state: word('page_view', n[0]) };
    case 'page_leave':
      return { duration_ms: duration(n[0]), scroll: n[1] ? scrolled(n[1], n[2]) : undefined, replay: recorded(n[3]) };
    case 'heartbeat':
    case 'element_enter':
    case 'focus':
    case 'submit':
    case 'print':
    case 'pointer':
      return {};
    case 'visibility':
      return { state: word('visibility', n[0]) };
    case 'element_leave':
      return { duration_ms: duration(n[0]) };
    case 'click':
    case 'double_click':
    case 'context_menu':
    case 'pointer_down':
    case 'pointer_up':
      return { ...place(n), button: n[2], pointer_type: word('pointer_type', n[3]) };
    case 'pointer_cancel':
      return { ...place(n), pointer_type: word('pointer_type', n[3]) };
    case 'drag':
      return { ...place(n), state: word('drag', n[2]) };
    case 'blur': {
      const field = { hesitation_ms: duration(n[1]), corrections: n[2], refills: n[3] };
      return { duration_ms: duration(n[0]), ...(!Number.isNaN(n[2]) && { field }) };
    }
    case 'input': {
      const { kind, value, purpose } = (details ?? {}) as DetailsOf['input'];
      const told = { kind: clean(kind || word('input', n[0]) || 'insertReplacementText', 64), length: n[1] };
      return {
        input: { ...told, ...(value !== undefined && purpose && mayTell(purpose) && { value: maskText(value) }) },
      };
    }
    case 'change': {
      const { label, purpose } = (details ?? {}) as Partial<DetailsOf['change']>;
      const told = label !== undefined && purpose && mayTell(purpose) ? maskText(label) : undefined;
      const checked = Number.isNaN(n[1]) ? undefined : !!n[1];
      return { change: { index: n[0], checked, label: told } };
    }
    case 'scroll':
      return { ...place(n), scroll: scrolled(n[2], n[3]) };
    case 'resize':
      return { viewport: [n[0], n[1]] };
    case 'key':
      return { key: { class: word('key', n[0]) } };
    case 'clipboard':
      return { clipboard: { kind: word('clipboard', n[0]), length: n[1] } };
    case 'request': {
      const { method, url, ...measured } = details as DetailsOf['request'];
      return { request: { method: method && clean(method, 32), url: scrubRequestUrl(url, base), ...measured } };
    }
    case 'error': {
      const { message, source, line, column, stack } = details as DetailsOf['error'];
      return {
        error: {
          message: maskMessage(scrubText(message, base), 1024),
          source: scrubUrl(source, base) || null,
          line: line || null,
          column: column || null,
          ...(stack && { stack: scrubStack(stack, message, base) }),
        },
      };
    }
    case 'web_vital':
      return { vital: { name: word('vital', n[0]), value: Math.round(n[1] * 1e4) / 1e4 } };
    case 'capture_degraded': {
      const { what } = details as DetailsOf['capture_degraded'];
      return { degraded: { what: clean(what, 64), rate_hz: known(n[0]) ?? null } };
    }
    case 'custom': {
      const { name, properties } = details as DetailsOf['custom'];
      return { name: clean(name, 256), ...(properties && { properties: JSON.parse(properties) }) };
    }
    case 'effect':
      return { effect: { of_seq: n[0], kind: word('effect', n[1]), after_ms: duration(n[2]) ?? null } };
    case 'composition':
      return { state: word('composition', n[0]), input: { kind: 'insertCompositionText', length: n[1] } };
    case 'media':
      return { state: word('media', n[0]), media: { position_s: duration(n[1]) } };
    case 'toggle':
      return { state: word('toggle', n[0]) };
    case 'long_frame': {
      const { script, invoker } = details as DetailsOf['long_frame'];
      const cause = {
        script: scrubUrl(script, base) || null,
        invoker: maskText(scrubText(invoker, base), 256) || null,
      };
      return { duration_ms: duration(n[0]), frame: { blocking_ms: duration(n[1]), ...cause } };
    }
    default:
      return type satisfies never;
  }
}

const place = (n: Numbers) => ({ x: quarter(n[0]), y: quarter(n[1]) });

const recorded = (chunks: number) => (Number.isNaN(chunks) ? undefined : { chunks });

function scrolled(pageHeight: number, depth: number): object | undefined {
  return Number.isNaN(depth) ? undefined : { page_height: tenth(pageHeight), depth: Math.round(depth * 1e4) / 1e4 };
}

/** Rows to events. Samples that follow each other are one trail: microseconds and quarter pixels, so that sums stay exact. */
function events(chunk: Chunk, base: string, mayTell: Judge): TelemetryEvent[] {
  const { first_seq, origin, rows, elements, details } = chunk;
  const made: TelemetryEvent[] = [];
  const described = (JSON.parse(elements) as RawElement[]).map((element) => elementInfo(element, base, mayTell));
  let trail: Trail | null = null;
  let trailAt = 0;
  let next = 0;
  for (let row = 0, i = 0; i < rows.length; row++, i += WIDTH) {
    const type = EVENT_TYPES[rows[i] as number] as EventType;
    const at = roundMicros(origin + (rows[i + 1] as number));
    const element = rows[i + 2];
    const sample = type === 'pointer';
    if (!sample || !trail) {
      const values = rows.subarray(i + 3, i + WIDTH) as unknown as Numbers;
      const seq = first_seq + made.length;
      const more = details[next]?.[0] === row ? details[next++]?.[1] : undefined;
      const info = element ? { element: described[element - 1] } : {};
      made.push({ seq, type, at, ...info, ...fields(type, values, more, base, mayTell) });
      trail = sample ? { dt: [], x: [], y: [] } : null;
      if (trail)
        Object.assign(made[seq - first_seq] as object, { trail, pointer_type: word('pointer_type', values[3]) });
      trailAt = at;
    }
    if (!trail) continue;
    trail.dt.push(Math.max(0, roundMicros(at - trailAt)));
    trail.x.push(quarter(rows[i + 3] as number));
    trail.y.push(quarter(rows[i + 4] as number));
    trailAt = Math.max(at, trailAt);
  }
  return made;
}

/** `base`: the address of the page. `mayTell`: nothing, where there are no words to judge by. `filter`: the site's; it keeps their number. */
export function writeEvents(
  chunk: Chunk,
  base: string,
  mayTell: Judge = () => false,
  filter = (events: TelemetryEvent[]) => events,
): Written {
  const made = filter(events(chunk, base, mayTell));
  return { text: toJson(made).slice(1, -1), events: made.length };
}

/** What was told of a page last: it is the same for most batches, and to scrub it costs as much as many events. */
let last: Partial<Header['page']> = {};
let told = {};

function scrubbed(page: Header['page']): object {
  const { url, referrer, title } = page;
  if (last.url !== url || last.referrer !== referrer || last.title !== title) {
    last = page;
    told = {
      url: scrubUrl(url, url),
      referrer: scrubUrl(referrer, url),
      title: maskText(scrubText(title.slice(0, STRING_UNITS_MAX), url), 256),
    };
  }
  return told;
}

/** The part of a batch that is the same for every attempt, as JSON, and how many events it holds. */
export function writeBatch(
  header: Header,
  parts: Written[],
  hints: ClientHints = {},
): { rest: string; events: number } {
  const { page, max_touch_points, ...ids } = header;
  const head = toJson({
    ...ids,
    sdk: SDK_VERSION,
    page: {
      ...page,
      ...scrubbed(page),
      timezone: page.timezone ?? timezone(),
    },
    client_hints: { ...hints, max_touch_points },
  });
  let text = '';
  let events = 0;
  for (const part of parts) {
    if (!part.text) continue;
    text += `${text && ','}${part.text}`;
    events += part.events;
  }
  return { rest: `${head.slice(0, -1)},"events":[${text}]}`, events };
}

/** As `writeBatch`, of a batch that is in one piece. */
export const encodeRest = (header: Header, chunk: Chunk): { rest: string; events: number } =>
  writeBatch(header, [writeEvents(chunk, header.page.url)]);
