/** Which element lies under the pointer: enter, leave, and how long it stayed. */
import { describe } from '../element_path.ts';
import { isBlocked } from '../masking.ts';
import type { Tracker } from '../tracker.ts';
import { clientNow, type ElementInfo } from '../wire.ts';
import { targetOf } from './clicks.ts';

export function captureElements(tracker: Tracker): void {
  let current: Element | null = null;
  let info: ElementInfo | null = null;
  let enteredAt = 0;
  let moved: PointerEvent | null = null;
  let frame = 0;

  const change = (element: Element | null, at: number) => {
    if (element === current) return;
    if (info) tracker.track('element_leave', at, { element: info, duration_ms: Math.max(0, at - enteredAt) });
    current = element;
    info = element && !isBlocked(element) ? describe(element) : null;
    enteredAt = at;
    if (info) tracker.track('element_enter', at, { element: info });
  };
  const end = (at: number) => {
    moved = null;
    change(null, at);
  };

  // The browser sends one `pointermove` a frame, and has already found its target: no hit test of our own is needed.
  tracker.on<PointerEvent>(window, 'pointermove', (event, at) => {
    moved = event;
    change(targetOf(event), at);
  });
  // A scroll moves another element under a pointer that rests: one hit test a frame.
  tracker.on(window, 'scroll', (_, at) => {
    if (frame) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      if (moved) change(document.elementFromPoint(moved.clientX, moved.clientY), at);
    });
  });
  tracker.on<PointerEvent>(document, 'pointerout', (event, at) => {
    if (!event.relatedTarget) end(at);
  });
  tracker.atEnd(() => end(clientNow()));
}
