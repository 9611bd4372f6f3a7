/** Scroll and resize: the latest state, at a bounded rate. */
import { RESIZE_AFTER_MS, SCROLL_EVERY_MS } from '../limits.ts';
import type { Tracker } from '../tracker.ts';

/** Runs `tell` once `ms` after the first call, or when the page ends, if it was asked for. */
function later(tracker: Tracker, ms: number, tell: () => void): () => void {
  let timer = 0;
  const run = () => {
    clearTimeout(timer);
    timer = 0;
    tell();
  };
  tracker.atEnd(() => {
    if (timer) run();
  });
  return () => {
    timer ||= window.setTimeout(run, ms);
  };
}

export function captureViewport(tracker: Tracker): void {
  const scrolled = new Map<EventTarget, number>();
  const tellScroll = later(tracker, SCROLL_EVERY_MS, () => {
    for (const [target, at] of scrolled) {
      if (target instanceof Element) tracker.track('scroll', at, { x: target.scrollLeft, y: target.scrollTop }, target);
      else tracker.track('scroll', at, { x: scrollX, y: scrollY });
    }
    scrolled.clear();
  });
  tracker.on(window, 'scroll', (event, at) => {
    scrolled.set(event.target ?? window, at);
    tellScroll();
  });

  let resizedAt = 0;
  const tellResize = later(tracker, RESIZE_AFTER_MS, () =>
    tracker.track('resize', resizedAt, { viewport: [innerWidth, innerHeight] }),
  );
  tracker.on(window, 'resize', (_, at) => {
    resizedAt = at;
    tellResize();
  });
}
