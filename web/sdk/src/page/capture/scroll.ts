/** Scrolling: the latest state, at a bounded rate, read when the page is laid out. */
import { SCROLL_EVERY_MS } from '../../shared/limits.ts';
import { later, notLater, scrollLeftOf, scrollTopOf } from '../natives.ts';
import type { Tracker } from '../tracker.ts';

/** Runs `tell` once `ms` after the first call, or when the page ends, if it was asked for. */
export function bounded(tracker: Tracker, ms: number, tell: () => void): () => void {
  let timer = 0;
  const run = () => {
    notLater(timer);
    timer = 0;
    tell();
  };
  tracker.atEnd(() => {
    if (timer) run();
  });
  return () => {
    timer ||= later(run, ms);
  };
}

export function captureScroll(tracker: Tracker): void {
  const { view } = tracker;
  /** Where each of them is scrolled to, and since when; null is the document. */
  let scrolled: { target: Element | null; at: number; x: number; y: number }[] = [];
  const read = () => {
    for (const place of scrolled)
      if (place.target) {
        place.x = scrollLeftOf(place.target);
        place.y = scrollTopOf(place.target);
      }
  };
  const tellScroll = bounded(tracker, SCROLL_EVERY_MS, () => {
    for (const { target, at, x, y } of scrolled) {
      if (target) tracker.note('scroll', at, tracker.know(target), 0, x, y);
      else {
        const { scroll } = view;
        tracker.note('scroll', at, 0, 0, scroll.x, scroll.y, scroll.page_height, scroll.depth);
      }
    }
    scrolled = [];
  });
  tracker.roots.each((root) =>
    tracker.on(root, 'scroll', (_, at, target) => {
      if (!scrolled.length) view.readAnew(read);
      if (!scrolled.some((place) => place.target === target)) scrolled.push({ target, at, x: 0, y: 0 });
      tracker.elements.scrolled();
      tellScroll();
    }),
  );
}
