/** The page thread: `track` takes what the capture modules saw, and hands it to the worker. */
import { createBuffer } from './buffer.ts';
import { createDelivery } from './delivery.ts';
import { describe } from './element_path.ts';
import { createIdentity } from './identity.ts';
import {
  BATCH_BYTES_MAX,
  BATCH_EVENTS_MAX,
  FLUSH_MS,
  PENDING_EVENTS_MAX,
  PENDING_SAMPLES_MAX,
  SDK_VERSION,
  TRANSFER_EVENTS_MAX,
  TRANSFER_MS,
} from './limits.ts';
import { clean, isBlocked, maskText } from './masking.ts';
import type { Consent, Settings } from './settings.ts';
import { scrubUrl } from './urls.ts';
import { uuidV7 } from './uuid.ts';
import { clientNow, type EventType, type Fields, type Header } from './wire.ts';

export interface Stats {
  /** Events captured by this document, per type. */
  captured: Record<string, number>;
  pointer_samples: number;
  /** Of the captured ones: answered 200, dropped for good, and neither yet. */
  acknowledged: number;
  dropped: number;
  pending: number;
  tab_id: string;
  visitor_id: string;
}

export interface Tracker {
  readonly settings: Settings;
  /** Takes one event. `at` is the client clock; a blocked element's event is not taken. */
  track(type: EventType, at: number, fields?: Fields, element?: Element | null): void;
  /** Takes one sample of the pointer, in CSS pixels. */
  sample(at: number, x: number, y: number): void;
  /** Listens without ever disturbing the page: passive, in the capture phase, errors kept inside. Notes input. */
  on<E extends Event>(target: EventTarget, type: string, handler: (event: E, at: number) => void): void;
  /** When a listener last heard the person move, press, type or turn the wheel; the start of the page before that. */
  inputAt(): number;
  /** `ending` runs when the page ends, to tell what it still holds. */
  atEnd(ending: () => void): void;
  /** A page view begins: batches from here on carry its id and address. Returns that address. */
  openPageView(referrer: string): string;
  /** Everything captured so far becomes a batch, now. */
  cut(): void;
  consent(state: Consent): void;
  /** Settles when everything captured so far is answered for good; at once when consent is denied. */
  flush(): Promise<void>;
  identify(userId: string | null): void;
  stats(): Stats;
  /** The page is frozen, and may not come back: sends what only this thread holds. */
  freeze(): void;
  /** The page is left: everything is out of this thread when this returns. */
  end(): void;
  /** The page is back from the back/forward cache. */
  resume(): void;
}

export function createTracker(settings: Settings): Tracker {
  const identity = createIdentity(settings.anonymous);
  const delivery = createDelivery(settings, identity.tab_id);
  const buffer = createBuffer();
  const captured: Record<string, number> = {};
  const endings: (() => void)[] = [];
  let consent = settings.consent;
  let ended = false;
  let samples = 0;
  let uncutEvents = 0;
  let uncutBytes = 0;
  let notCaptured = 0;
  let inputAt = clientNow();
  let batchSeq = 0;
  let pageViewId = '';
  let url = '';
  let referrer = '';
  let transferTimer = 0;
  let flushTimer = 0;

  const clearTimers = () => {
    clearTimeout(flushTimer);
    clearTimeout(transferTimer);
    flushTimer = transferTimer = 0;
  };
  const transfer = () => {
    clearTimeout(transferTimer);
    transferTimer = 0;
    delivery.send(buffer.take());
  };
  const header = (): Header => ({
    batch_id: uuidV7(),
    batch_seq: batchSeq++,
    visitor_id: identity.visitor(),
    tab_id: identity.tab_id,
    page_view_id: pageViewId,
    sdk: SDK_VERSION,
    page: {
      url,
      referrer,
      title: maskText(document.title, 256),
      viewport: [innerWidth, innerHeight],
      screen: [screen.width, screen.height],
      language: navigator.language,
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      webdriver: !!navigator.webdriver,
    },
    identity: identity.joinKeys(),
    client_hints: { max_touch_points: navigator.maxTouchPoints },
  });
  const cut = () => {
    clearTimers();
    if (!uncutEvents) return;
    uncutEvents = uncutBytes = 0;
    delivery.send(buffer.take(), header());
  };
  /** Whether to take something now. Consent can only be pending from the start, so the totals are what waits. */
  const listening = (): boolean => {
    if (ended || consent === 'denied') return false;
    const full = consent === 'pending' && (buffer.state()[2] >= PENDING_EVENTS_MAX || samples >= PENDING_SAMPLES_MAX);
    if (full) notCaptured++;
    return !full;
  };
  const count = (type: EventType, bytes: number) => {
    captured[type] = (captured[type] ?? 0) + 1;
    uncutEvents++;
    uncutBytes += bytes;
    if (consent === 'pending') return;
    if (uncutBytes >= BATCH_BYTES_MAX || uncutEvents >= BATCH_EVENTS_MAX) return cut();
    if (buffer.state()[0] >= TRANSFER_EVENTS_MAX) transfer();
    transferTimer ||= window.setTimeout(transfer, TRANSFER_MS);
    flushTimer ||= window.setTimeout(cut, FLUSH_MS);
  };
  const track: Tracker['track'] = (type, at, fields = {}, element) => {
    if (!listening() || (element && isBlocked(element))) return;
    count(type, buffer.add(type, at, element ? { element: describe(element), ...fields } : fields));
  };
  const begin = () => {
    identity.remember();
    delivery.start();
  };
  const stats = (): Stats => {
    const { acknowledged, dropped } = delivery.counts();
    return {
      captured: { ...captured },
      pointer_samples: samples,
      acknowledged,
      dropped,
      pending: buffer.state()[2] - acknowledged - dropped,
      tab_id: identity.tab_id,
      visitor_id: identity.visitor(),
    };
  };

  if (consent === 'granted') begin();
  return {
    settings,
    track,
    cut,
    stats,
    sample(at, x, y) {
      if (!listening()) return;
      const [bytes, began] = buffer.sample(at, x, y);
      samples++;
      if (began) count('pointer', bytes);
      else uncutBytes += bytes;
      if (buffer.state()[1]) transfer();
    },
    on(target, type, handler) {
      const input = /^(pointer[mdu]|key|input|wheel)/.test(type);
      const listener = (event: Event) => {
        if (!event.isTrusted && !settings.test) return;
        try {
          const at = performance.timeOrigin + event.timeStamp;
          if (input) inputAt = at;
          handler(event as never, at);
        } catch {
          // A page must never see an error of its telemetry.
        }
      };
      target.addEventListener(type, listener, { capture: true, passive: true });
    },
    inputAt: () => inputAt,
    atEnd: (ending) => endings.push(ending),
    openPageView(from) {
      cut();
      pageViewId = uuidV7();
      referrer = scrubUrl(from);
      url = scrubUrl(location.href);
      return url;
    },
    consent(state) {
      // Who has denied is asked again by the next page, not by this one.
      if (state === consent || consent === 'denied' || state === 'pending') return;
      consent = state;
      if (state === 'granted') {
        begin();
        delivery.amend({ visitor_id: identity.visitor(), identity: identity.joinKeys() });
        if (notCaptured) track('capture_degraded', clientNow(), { degraded: { what: 'consent', rate_hz: 0 } });
        cut();
      } else {
        clearTimers();
        buffer.take();
        uncutEvents = uncutBytes = 0;
        delivery.stop();
        identity.forget();
      }
    },
    flush() {
      cut();
      return consent === 'denied' ? Promise.resolve() : delivery.flush();
    },
    identify(userId) {
      cut();
      identity.identify(userId && clean(userId, 256));
    },
    freeze() {
      cut();
      delivery.finish();
    },
    end() {
      if (ended) return;
      for (const ending of endings) ending();
      cut();
      ended = true;
      delivery.finish();
      if (settings.test) localStorage.setItem(`ct-final-${identity.tab_id}`, JSON.stringify(stats()));
    },
    resume() {
      ended = false;
    },
  };
}
