/** Page views, also of single-page applications, and whether the page is seen. */
import * as WORDS from '../../shared/words.ts';
import { navigation, now, on, prerendering, referrerOf, visibilityOf } from '../natives.ts';
import { whenTools } from '../tools.ts';
import type { Tracker } from '../tracker.ts';

type PageViewState = (typeof WORDS.page_view)[number];

/** What makes another page view: the path, or a hash that is a route. A query or an anchor does not. */
function route(): string {
  return location.pathname + (/^#!?\/[^?]*/.exec(location.hash) ?? '');
}

/** Calls `changed` after the address changed without a page load. */
function observeRoutes(tracker: Tracker, changed: (state: PageViewState) => void): void {
  const went = (back: boolean) => changed(back ? 'back_forward' : 'route');
  if (navigation)
    tracker.on<Event & { navigationType?: string }>(navigation, 'currententrychange', ({ navigationType }) =>
      went(navigationType === 'traverse'),
    );
  else whenTools((late) => late?.watchHistory(tracker.on, went));
}

/** How this document was come to, and when it was shown: 0, unless it was drawn ahead. */
function began(): [state: PageViewState, at: number] {
  const [entry] = performance.getEntriesByType('navigation') as (PerformanceNavigationTiming & {
    activationStart?: number;
  })[];
  const at = entry?.activationStart ?? 0;
  return [at ? 'prerender' : (entry?.type ?? 'navigate'), at];
}

export function capturePages(tracker: Tracker): void {
  let current = '';
  let address = '';
  let enteredAt = 0;
  const enter = (referrer: string, state: PageViewState, at = now()) => {
    tracker.openPageView(referrer);
    address = location.href;
    current = route();
    enteredAt = at;
    tracker.note('page_view', at, 0, 0, WORDS.page_view.indexOf(state));
  };
  const leave = () => {
    const at = now();
    const { chunks, scroll } = tracker.view;
    tracker.note('page_leave', at, 0, 0, at - enteredAt, scroll.page_height, scroll.depth, chunks);
  };
  /** Another page view, if the address says so. */
  const go = (state: PageViewState) => {
    if (route() === current) return;
    tracker.paced('page_views', () => {
      if (route() === current) return;
      const referrer = address;
      tracker.effects.saw('navigation');
      leave();
      enter(referrer, state);
    });
  };
  const begin = () => {
    const [state, shownAt] = began();
    enter(referrerOf(document), state, shownAt || now());
    tracker.consent(tracker.setup.consent);
    observeRoutes(tracker, go);
    tracker.on(document, 'visibilitychange', (_, at) => {
      tracker.note('visibility', at, 0, 0, WORDS.visibility.indexOf(visibilityOf(document)));
      if (visibilityOf(document) !== 'visible') tracker.cutBatch();
    });
    tracker.on<PageTransitionEvent>(window, 'pagehide', ({ persisted }) => tracker.end(leave, persisted));
  };
  // A page that is drawn before anybody asked for it is viewed when it is shown.
  if (prerendering(document)) on(document, 'prerenderingchange', begin);
  else begin();

  tracker.on<PageTransitionEvent>(window, 'pageshow', ({ persisted }) => {
    if (!persisted) return;
    tracker.thaw();
    enter(referrerOf(document), 'restored');
  });
}
