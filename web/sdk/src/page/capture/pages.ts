/** Page views, also of single-page applications; whether the page is seen; signs of life while it is. */
import { HEARTBEAT_EVERY_MS, HEARTBEAT_INPUT_WITHIN_MS } from '../../shared/limits.ts';
import { WORDS } from '../../shared/types.ts';
import { guarded } from '../guard.ts';
import { every, now } from '../natives.ts';
import type { Tracker } from '../tracker.ts';

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

type PageViewState = (typeof WORDS.page_view)[number];

/** How this document was come to. */
function began(): PageViewState {
  const [entry] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  return entry?.type ?? 'navigate';
}

export function capturePages(tracker: Tracker): void {
  let current = '';
  let address = '';
  let enteredAt = 0;
  const enter = (referrer: string, state: PageViewState) => {
    tracker.openPageView(referrer);
    address = location.href;
    current = route();
    enteredAt = now();
    tracker.note('page_view', enteredAt, 0, [WORDS.page_view.indexOf(state)]);
  };
  const leave = () => {
    const at = now();
    const { page_height, depth } = tracker.view.scroll;
    tracker.note('page_leave', at, 0, [at - enteredAt, page_height, page_height ? depth : Number.NaN]);
  };

  enter(document.referrer, began());
  observeRoutes(tracker, () => {
    if (route() === current) return;
    const referrer = address;
    leave();
    enter(referrer, 'route');
  });

  tracker.on(document, 'visibilitychange', (_, at) => {
    tracker.note('visibility', at, 0, [WORDS.visibility.indexOf(document.visibilityState)]);
    if (document.visibilityState === 'hidden') tracker.cut();
  });
  tracker.on(window, 'wheel', () => {}); // scrolled or not, it is input
  const beat = () => {
    const idle = now() - tracker.inputAt() > HEARTBEAT_INPUT_WITHIN_MS;
    if (document.visibilityState === 'visible' && !idle) tracker.note('heartbeat', now());
  };
  every(() => guarded(beat), HEARTBEAT_EVERY_MS);

  tracker.atEnd(leave);
  tracker.on(window, 'pagehide', tracker.end);
  tracker.on(document, 'freeze', tracker.freeze);
  tracker.on<PageTransitionEvent>(window, 'pageshow', ({ persisted }) => {
    if (!persisted) return;
    tracker.resume();
    enter(document.referrer, 'restored');
  });
}
