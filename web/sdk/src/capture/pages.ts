/** Page views, also of single-page applications; whether the page is seen; signs of life while it is. */
import { HEARTBEAT_EVERY_MS, HEARTBEAT_INPUT_WITHIN_MS } from '../limits.ts';
import type { Tracker } from '../tracker.ts';
import { clientNow } from '../wire.ts';

/** What makes another page view: path, query, or a hash that is a route. An anchor does not. */
function route(): string {
  return location.pathname + location.search + (/^#!?\//.test(location.hash) ? location.hash : '');
}

/** Calls `changed` after the address changed without a page load. */
function observeRoutes(tracker: Tracker, changed: () => void): void {
  const { navigation } = window as unknown as { navigation?: EventTarget };
  if (navigation) {
    tracker.on(navigation, 'currententrychange', changed);
    return;
  }
  for (const name of ['pushState', 'replaceState'] as const) {
    const original = history[name];
    history[name] = function (this: History, ...parameters: Parameters<History['pushState']>) {
      original.apply(this, parameters);
      changed();
    };
  }
  tracker.on(window, 'popstate', changed);
  tracker.on(window, 'hashchange', changed);
}

export function capturePages(tracker: Tracker): void {
  let current = '';
  let address = '';
  let enteredAt = 0;
  const enter = (referrer: string) => {
    address = tracker.openPageView(referrer);
    current = route();
    enteredAt = clientNow();
    tracker.track('page_view', enteredAt);
  };
  const leave = () => {
    const at = clientNow();
    tracker.track('page_leave', at, { duration_ms: Math.round((at - enteredAt) * 1000) / 1000 });
  };

  enter(document.referrer);
  observeRoutes(tracker, () => {
    if (route() === current) return;
    const referrer = address;
    leave();
    enter(referrer);
  });

  tracker.on(document, 'visibilitychange', (_, at) => {
    tracker.track('visibility', at, { state: document.visibilityState });
    if (document.visibilityState === 'hidden') tracker.cut();
  });
  tracker.on(window, 'wheel', () => {}); // scrolled or not, it is input
  setInterval(() => {
    const now = clientNow();
    const idle = now - tracker.inputAt() > HEARTBEAT_INPUT_WITHIN_MS;
    if (document.visibilityState === 'visible' && !idle) tracker.track('heartbeat', now);
  }, HEARTBEAT_EVERY_MS);

  tracker.atEnd(leave);
  tracker.on(window, 'pagehide', tracker.end);
  tracker.on(document, 'freeze', tracker.freeze);
  tracker.on<PageTransitionEvent>(window, 'pageshow', ({ persisted }) => {
    if (!persisted) return;
    tracker.resume();
    enter(document.referrer);
  });
}
