/** The page thread: `note` takes what the capture modules saw, and the worker soon gets the notes; every few seconds they are a batch. */
import type { Header } from '../shared/chunk.ts';
import { CUT_SOON_EVERY_MS, FLUSH_MS, FORGOTTEN_MAX, PART_AFTER_MS, PART_ROWS_MIN } from '../shared/limits.ts';
import type { Order } from '../shared/messages.ts';
import { EVENT_TYPES } from '../shared/types.ts';
import { uuidV7 } from '../shared/uuid.ts';
import type { Stats } from './api.ts';
import { createDelivery } from './delivery.ts';
import type { Effects } from './effect.ts';
import { ALL, createElements, type Elements } from './elements.ts';
import { createGate } from './gate.ts';
import { failures, guarded, onFailure } from './guard.ts';
import type { Core } from './guarded_api.ts';
import { createIdentity } from './identity.ts';
import { createListeners, type On } from './listeners.ts';
import { later, notLater, now, prerendering } from './natives.ts';
import { createNotes, type Notes } from './notes.ts';
import { createPace, type Pace } from './pace.ts';
import { createRoots, type Roots } from './roots.ts';
import type { Settings } from './settings.ts';
import { tools, whenTools } from './tools.ts';
import { createAfterFrame, createView, type View } from './view.ts';

export interface Tracker extends Omit<Core, 'track'> {
  readonly setup: Settings;
  readonly roots: Roots;
  readonly view: View;
  readonly elements: Elements;
  /** Runs after the next frame, when the page is laid out. */
  afterFrame(run: () => void): void;
  note: Notes['note'];
  sample: Notes['sample'];
  /** The `seq` of the next event. */
  nextSeq: Notes['nextSeq'];
  /** The element for `note`: see `elements.ts`. */
  know: Elements['know'];
  /** Listens without ever disturbing the page, errors kept inside. */
  on: On;
  /** When a listener last heard the person move, press, type or turn the wheel; the start of the page before that. */
  inputAt(): number;
  /** When a listener last heard a press, a key or a turn of the wheel; 0 before that. */
  actedAt(): number;
  /** What may have an effect, and what may be one: for `effects.ts`, if it runs. */
  effects: Effects;
  /** Runs what may make a batch of its own, now or soon: see `pace.ts`. */
  paced: Pace;
  /** `ending` runs when the page ends, to tell what it still holds. */
  atEnd(ending: () => void): void;
  /** A page view begins: batches from here on carry its id and address; what was noted before the first belongs to it. */
  openPageView(referrer: string): void;
  /** As `Delivery` has it. */
  instruct(given: Order): void;
  /** The id of the page view. */
  pageView(): string;
  /** Everything captured so far becomes a batch, now. */
  cutBatch(): void;
  /** As `cutBatch`, or hands it over while the batch goes on; but not again and again: what comes in between waits as usual. */
  cutSoon(goesOn?: boolean): void;
  /** The page is frozen, and may not come back: sends what only this thread holds. */
  freezeNow(): void;
  /**
   * The page is left: everything is out of this thread when this returns. `last` tells what comes after all else; `kept`: the page
   * may come back.
   */
  end(last: () => void, kept: boolean): void;
  /** The page is back from the back/forward cache. */
  thaw(): void;
}

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
  const elements = createElements(() => handOver(PART_ROWS_MIN));
  const roots = createRoots();
  const listeners = createListeners(roots, settings.test);
  // A page that nobody has asked for yet waits as for consent.
  const gate = createGate(prerendering(document) ? 'pending' : settings.consent);
  const notes = createNotes(
    elements,
    gate,
    () => {
      if (gate.consent !== 'pending') wait(FLUSH_MS);
    },
    () => cut(),
  );
  const { note } = notes;
  const afterFrame = createAfterFrame();
  const view = createView(afterFrame);
  const endings: (() => void)[] = [];
  /** Nobody is asked any more. */
  let denied = gate.consent === 'denied';
  let forgotten = 0;
  let batchSeq = 0;
  let soonAt = 0;
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
    identity: identity.joinKeys(gate.gone),
    max_touch_points: navigator.maxTouchPoints,
  });
  const cut = () => {
    notLater(timer);
    timer = 0;
    const chunk = notes.takeAll();
    if (chunk) delivery.sendBatch(header(), chunk);
  };
  /** What was noted before they are there is not yet described. */
  const cutWhole = () => whenTools(cut);
  const handOver = (least: number, whole?: number) => {
    const part = gate.takesAll && tools() && notes.takePart(least, whole);
    if (!part) return;
    identity.joinKeys();
    delivery.part(part, url);
  };
  /** Cuts after `ms`. Until then what is known whole goes over, also where the person meets nothing new. */
  const wait = (ms: number) => {
    const step = Math.min(ms, PART_AFTER_MS);
    timer = later(() => {
      if (step === ms) return cutWhole();
      handOver(1);
      wait(ms - step);
    }, step);
  };
  const begin = () => {
    identity.remember();
    delivery.start();
  };
  /** What comes after has nothing in common with what was before, not even a tab. */
  const forget = (done = () => {}) => {
    denied ||= settings.consent === 'denied' || ++forgotten > FORGOTTEN_MAX;
    // For a page that is drawn before anybody asked for it, when it is shown.
    settings.consent = denied ? 'denied' : 'pending';
    delivery.forget(done);
    gate.turnTo({ consent: 'denied' });
    notLater(timer);
    timer = batchSeq = 0;
    notes.restart();
    identity.forget();
    identity = createIdentity(settings.anonymous);
    delivery = newDelivery();
    pageViewId = uuidV7();
  };
  const degraded = (what: string) => note('capture_degraded', now(), 0, { what });
  const { paced, drain } = createPace(degraded);
  const stats = (): Stats => {
    const { acknowledged, dropped } = delivery.counts();
    const counts = EVENT_TYPES.map((type, number) => [type, notes.captured[number]] as const);
    return {
      captured: Object.fromEntries(counts.filter(([, count]) => count)) as Record<string, number>,
      pointer_samples: notes.samplesSoFar(),
      acknowledged,
      dropped,
      pending: notes.nextSeq() - acknowledged - dropped,
      tab_id: identity.tab_id,
      visitor_id: identity.visitor(),
    };
  };

  onFailure(() => degraded('sdk_error'));
  view.readAnew();
  if (gate.consent === 'granted') begin();
  if (denied) forget();
  return {
    setup: settings,
    roots,
    view,
    afterFrame,
    note,
    cutBatch: cut,
    cutSoon(goesOn) {
      if (now() < soonAt) return;
      soonAt = now() + CUT_SOON_EVERY_MS;
      if (goesOn) handOver(1, ALL);
      else cutWhole();
    },
    stats,
    sample: notes.sample,
    nextSeq: notes.nextSeq,
    elements,
    know: elements.know,
    on: listeners.on,
    inputAt: listeners.inputAt,
    actedAt: listeners.actedAt,
    effects: { arm() {}, saw() {} },
    keepReplay() {},
    paced,
    atEnd: (ending) => endings.push(ending),
    openPageView(from) {
      if (viewed) {
        cut();
        elements.outdate();
        pageViewId = uuidV7();
      }
      viewed = true;
      referrer = from;
      url = location.href;
      view.restart();
      view.readAnew();
    },
    instruct: (given) => delivery.instruct(given),
    pageView: () => pageViewId,
    consent(state) {
      if (prerendering(document)) {
        if (settings.consent !== 'denied') settings.consent = state;
        return;
      }
      // Who has denied is asked again by the next page, not by this one.
      if (state === gate.consent || denied || state === 'pending') return;
      if (state === 'granted') {
        gate.turnTo({ consent: state });
        begin();
        delivery.amend({ visitor_id: identity.visitor(), identity: identity.joinKeys() });
        if (gate.missed) note('capture_degraded', now(), 0, { what: 'consent' }, 0);
        cutWhole();
      } else {
        denied = true;
        forget();
      }
    },
    forget,
    flush(done) {
      paced(done, () =>
        whenTools(() => {
          if (gate.consent === 'denied') return done();
          cut();
          delivery.flush(done);
        }),
      );
    },
    identify(userId) {
      identity.identify(userId, (change) =>
        paced('identify', () => {
          // What somebody else did is told as his, even where it is not yet described. What nobody did may wait.
          (identity.joinKeys().user_id ? cut : cutWhole)();
          change();
        }),
      );
    },
    freezeNow() {
      cut();
      delivery.saveTails();
    },
    end(last, kept) {
      if (gate.gone) return;
      for (const ending of [drain, ...endings, last]) guarded(ending);
      if (failures() > 1) degraded(`sdk_errors:${failures()}`);
      gate.turnTo({ gone: true });
      if (!kept) delivery.letWorkerGo();
      cut();
      delivery.saveTails();
      if (settings.test) localStorage.setItem(`ct-final-${identity.tab_id}`, JSON.stringify(stats()));
    },
    thaw() {
      gate.turnTo({ gone: false });
    },
  };
}
