/** Which element lies under the pointer: enter, leave, and how long it stayed. At most one hit test a frame. */
import { describe } from '../element_path.ts';
import { isBlocked } from '../masking.ts';
import type { Tracker } from '../tracker.ts';
import { clientNow, type ElementInfo } from '../wire.ts';

export function captureElements(tracker: Tracker): void {
  let current: Element | null = null;
  let info: ElementInfo | null = null;
  let enteredAt = 0;
  let x = -1;
  let y = -1;
  let movedAt = 0;
  let frame = 0;

  const change = (element: Element | null, at: number) => {
    if (element === current) return;
    if (info) tracker.track('element_leave', at, { element: info, duration_ms: Math.max(0, at - enteredAt) });
    current = element;
    info = element && !isBlocked(element) ? describe(element) : null;
    enteredAt = at;
    if (info) tracker.track('element_enter', at, { element: info });
  };
  const test = () => {
    frame = 0;
    let element = document.elementFromPoint(x, y);
    for (let root = element?.shadowRoot; root; root = element?.shadowRoot) {
      const inner: Element | null = root.elementFromPoint(x, y);
      if (!inner || inner === element) break;
      element = inner;
    }
    change(element, movedAt);
  };
  const schedule = (at: number) => {
    movedAt = at;
    frame ||= requestAnimationFrame(test);
  };

  tracker.on<PointerEvent>(window, 'pointermove', (event, at) => {
    x = event.clientX;
    y = event.clientY;
    schedule(at);
  });
  tracker.on(window, 'scroll', (_, at) => {
    if (x >= 0) schedule(at);
  });
  tracker.on<PointerEvent>(document, 'pointerout', (event, at) => {
    if (event.relatedTarget) return;
    cancelAnimationFrame(frame);
    frame = 0;
    x = y = -1;
    change(null, at);
  });
  tracker.atEnd(() => {
    cancelAnimationFrame(frame);
    frame = 0;
    change(null, clientNow());
  });
}
