/** The size of what is seen of the page, when it has changed. */
import { RESIZE_AFTER_MS } from '../../shared/limits.ts';
import { bounded } from '../common.ts';
import { rootElement } from '../natives.ts';
import type { Tracker } from '../tracker.ts';

export function captureResize(tracker: Tracker): void {
  const { view } = tracker;
  let resizedAt = 0;
  let size = view.viewport;
  const tellResize = bounded(tracker, RESIZE_AFTER_MS, () => tracker.note('resize', resizedAt, 0, 0, ...size));
  const resized = (_: Event, at: number) => {
    resizedAt = at;
    view.readAnew(() => {
      size = visible() ?? view.viewport;
    });
    tellResize();
  };
  tracker.on(window, 'resize', resized);
  const pinched = window.visualViewport;
  if (pinched) tracker.on(pinched, 'resize', resized);
}

/** What a pinch, or the keyboard of a screen, leaves to be seen of the page; undefined where neither does. */
function visible(): [width: number, height: number] | undefined {
  const { width = 0, height = 0 } = window.visualViewport ?? {};
  const { clientWidth, clientHeight } = rootElement(document);
  return width < clientWidth - 1 || height < clientHeight - 1 ? [width, height] : undefined;
}
