/** What is bounded for each page view begins anew with it. */
import type { Tracker } from '../tracker.ts';

/** Returns what `begin` made for the present page view. */
export function perPageView<T>(tracker: Tracker, begin: () => T): () => T {
  let id = tracker.pageView();
  let state = begin();
  return () => {
    if (id !== tracker.pageView()) {
      id = tracker.pageView();
      state = begin();
    }
    return state;
  };
}
