/** The page thread: `note` takes what the capture modules saw; every few seconds the notes go to the worker as a batch. */
import type { Details, DetailsFor, Header } from '../shared/chunk.ts';
import {
  BATCH_BYTES_MAX,
  BATCH_EVENTS_MAX,
  ELEMENT_BYTES,
  EVENT_BYTES,
  FLUSH_MS,
  SAMPLE_BYTES,
} from '../shared/limits.ts';
import { EVENT_TYPES, type EventType } from '../shared/types.ts';
import { uuidV7 } from '../shared/uuid.ts';
import type { Stats } from './api.ts';
import { createDelivery } from './delivery.ts';
import { BLOCKED, createElements, type Elements } from './elements.ts';
import { createGate } from './gate.ts';
import { failures, guarded, onFailure } from './guard.ts';
import type { Core } from './guarded_api.ts';
import { createIdentity } from './identity.ts';
import type { Effects } from './late/effects.ts';
import { later, notLater, now, on, prerendering, timeOf } from './natives.ts';
import { createNotes } from './notes.ts';
import { isIgnored } from './privacy.ts';
import { createRoots, type Roots } from './roots.ts';
import type { Settings } from './settings.ts';
import { whenTools } from './tools.ts';
import { createAfterFrame, createView, type View } from './view.ts';

export interface Tracker extends Omit<Core, 'track'> {
  readonly settings: Settings;
  readonly roots: Roots;
  readonly view: View;
  readonly elements: Elements;
  /** Runs after the next frame, when the page is laid out. */
  afterFrame(run: () => void): void;
  /**
   * Takes one event and returns its `seq`; −1 when it is not taken. `at` is ms since the document began, as in
   * `Event.timeStamp`. `element` is what `number` gave: of a blocked one nothing is taken. The four numbers are those that
   * `encode.ts` reads for the type.
   */
  note<T extends EventType>(type: T, at: number, element?: number, values?: Values, details?: DetailsFor<T>): number;
  /** Takes one sample of the pointer, in CSS pixels. */
  sample(at: number, x: number, y: number, pointerType: number): void;
  /** The element's number for `note`. `now`: describes it at once, because the page may take it away. */
  number(element: Element | null, now?: boolean): number;
  /** As of `privacy.ts`, for what loads late. */
  isIgnored(element: Element): boolean;
  /** Listens without ever disturbing the page, errors kept inside. Notes input. */
  on<E extends Event>(target: EventTarget, type: string, handler: (event: E, at: number) => void): void;
  /** When a listener last heard the person move, press, type or turn the wheel; the start of the page before that. */
  inputAt(): number;
  /** What may have an effect, and what may be one: for `effects.ts`, if it runs. */
  effects: Effects;
  /** `ending` runs when the page ends, to tell what it still holds. */
  atEnd(ending: () => void): void;
  /** A page view begins: batches from here on carry its id and address; what was noted before the first belongs to it. */
  openPageView(referrer: string): void;
  /** The id of the page view. */
  pageView(): string;
  /** Everything captured so far becomes a batch, now. */
  cut(): void;
  /** The page is frozen, and may not come back: sends what only this thread holds. */
  freeze(): void;
  /** The page is left: everything is out of this thread when this returns. `last` tells what comes after all else. */
  end(last: () => void): void;
  /** The page is back from the back/forward cache. */
  resume(): void;
}

export type Values = readonly [a?: number, b?: number, c?: number, d?: number];

const NUMBER_OF = Object.fromEntries(EVENT_TYPES.map((type, number) => [type, number])) as Record<EventType, number>;
const NONE: Values = [];
const { pointer: POINTER } = NUMBER_OF;

export function createTracker(settings: Settings): Tracker {
  /** A visit begins with the document, and again when what was before is forgotten and there is consent anew. */
  const newDelivery = () =>
    createDelivery(
      settings,
      identity.tab_id,
      (what) => degraded(what),
      () => gate.consent !== 'denied' && forget(),
    );
  let identity = createIdentity(settings.anonymous);
  let delivery = newDelivery();
  const elements = createElements();
  let notes = createNotes(elements);
  // A page that nobody has asked for yet waits as for consent.
  const gate = createGate(prerendering(document) ? 'pending' : settings.consent);
  const afterFrame = createAfterFrame();
  const view = createView(afterFrame);
  const captured = new Uint32Array(EVENT_TYPES.length);
  const endings: (() => void)[] = [];
  let samples = 0;
  let events = 0;
  let bytes = 0;
  let inputAt = now();
  let batchSeq = 0;
  let pageViewId = uuidV7();
  let viewed = false;
  let url = location.href;
  let referrer = '';
  let timer = 0;

  const header = (): Header => ({
    batch_id: uuidV7(),
    batch_seq: batchSeq++,
    visitor_id: identity.visitor(),
    tab_id: identity.tab_id,
    page_view_id: pageViewId,
    page: { url, referrer, ...view.page() },
    identity: identity.joinKeys(),
    max_touch_points: navigator.maxTouchPoints,
  });
  const restart = () => {
    notLater(timer);
    timer = events = bytes = 0;
  };
  const cut = () => {
    if (events) delivery.send(header(), notes.take());
    restart();
  };
  /** An event, or a sample that follows another, was added. */
  const added = (type: number, size: number, event: boolean) => {
    if (event) {
      captured[type] = (captured[type] as number) + 1;
      events++;
    }
    bytes += size;
    if (bytes >= BATCH_BYTES_MAX || events >= BATCH_EVENTS_MAX || !notes.hasRoom()) cut();
    else if (!timer && gate.consent !== 'pending') timer = later(cut, FLUSH_MS);
  };
  const note: Tracker['note'] = (type, at, element = 0, values = NONE, details) => {
    if (element === BLOCKED || !gate.opens(notes.next(), samples)) return -1;
    const number = NUMBER_OF[type];
    const seq = notes.add(number, at, element, values, details);
    added(number, EVENT_BYTES + (element && ELEMENT_BYTES) + (details ? sizeOf(details) : 0), true);
    return seq;
  };
  const begin = () => {
    identity.remember();
    delivery.start();
  };
  /** What comes after has nothing in common with what was before, not even a tab. */
  const forget = (done = () => {}) => {
    delivery.forget(done);
    gate.consent = 'denied';
    notes.take();
    restart();
    captured.fill(0);
    samples = batchSeq = 0;
    identity.forget();
    identity = createIdentity(settings.anonymous);
    notes = createNotes(elements);
    delivery = newDelivery();
    pageViewId = uuidV7();
  };
  const degraded = (what: string) => note('capture_degraded', now(), 0, NONE, { what });
  const stats = (): Stats => {
    const { acknowledged, dropped } = delivery.counts();
    const counts = EVENT_TYPES.map((type, number) => [type, captured[number]] as const);
    return {
      captured: Object.fromEntries(counts.filter(([, count]) => count)) as Record<string, number>,
      pointer_samples: samples,
      acknowledged,
      dropped,
      pending: notes.next() - acknowledged - dropped,
      tab_id: identity.tab_id,
      visitor_id: identity.visitor(),
    };
  };

  onFailure(() => degraded('sdk_error'));
  view.refresh();
  if (gate.consent === 'granted') begin();
  let denied = gate.consent === 'denied';
  if (denied) forget();
  return {
    settings,
    roots: createRoots(),
    view,
    afterFrame: (run) => afterFrame(() => guarded(run)),
    note,
    cut,
    stats,
    sample(at, x, y, pointerType) {
      if (!gate.opens(notes.next(), samples)) return;
      samples++;
      const begins = notes.sample(at, x, y, pointerType);
      added(POINTER, begins ? EVENT_BYTES : SAMPLE_BYTES, begins);
    },
    elements,
    number: (element, now) => elements.know(element, now).number,
    on(target, type, handler) {
      const input = /^(pointer[mdu]|key|input|wheel)/.test(type);
      on(target, type, (event) => {
        if (!event.isTrusted && !settings.test) return;
        const at = timeOf(event);
        if (input) inputAt = at;
        handler(event as never, at);
      });
    },
    isIgnored,
    inputAt: () => inputAt,
    effects: { arm() {}, saw() {} },
    atEnd: (ending) => endings.push(ending),
    openPageView(from) {
      if (viewed) {
        cut();
        pageViewId = uuidV7();
      }
      viewed = true;
      referrer = from;
      url = location.href;
      view.restart();
      view.refresh();
    },
    pageView: () => pageViewId,
    consent(state) {
      if (prerendering(document)) {
        if (settings.consent !== 'denied') settings.consent = state;
        return;
      }
      // Who has denied is asked again by the next page, not by this one.
      if (state === gate.consent || denied || state === 'pending') return;
      if (state === 'granted') {
        gate.consent = state;
        begin();
        delivery.amend({ visitor_id: identity.visitor(), identity: identity.joinKeys() });
        if (gate.missed) note('capture_degraded', now(), 0, [0], { what: 'consent' });
        cut();
      } else {
        denied = true;
        forget();
      }
    },
    forget,
    flush(done) {
      if (gate.consent === 'denied') return done();
      // What was noted before they are there is not yet described.
      whenTools(() => {
        cut();
        delivery.flush(done);
      });
    },
    identify(userId) {
      cut();
      identity.identify(userId);
    },
    freeze() {
      cut();
      delivery.finish();
    },
    end(last) {
      if (gate.ended) return;
      for (const ending of [...endings, last]) guarded(ending);
      if (failures() > 1) degraded(`sdk_errors:${failures()}`);
      cut();
      gate.ended = true;
      delivery.finish();
      if (settings.test) localStorage.setItem(`ct-final-${identity.tab_id}`, JSON.stringify(stats()));
    },
    resume() {
      gate.ended = false;
    },
  };
}

/** About the bytes of details as JSON; cheap, and never far below. */
function sizeOf(details: Details): number {
  let bytes = 2;
  for (const value of Object.values(details)) bytes += 12 + (typeof value === 'string' ? value.length : 9);
  return bytes;
}
