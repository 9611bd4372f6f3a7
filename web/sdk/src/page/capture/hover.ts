/** Which element lies under the pointer: enter, leave, and how long it stayed. The browser says when it is another one. */
import { BLOCKED } from '../elements.ts';
import { now } from '../natives.ts';
import type { Tracker } from '../tracker.ts';

const NOBODY = new WeakRef<Element>({} as Element);

export function captureHover(tracker: Tracker): void {
  // Held weakly: what the page takes away under a resting pointer must be free to go.
  let current = NOBODY;
  let entered = false;
  let enteredAt = 0;

  const leave = (at: number) => {
    const element = current.deref();
    if (entered && element) tracker.note('element_leave', at, tracker.number(element), [at - enteredAt]);
    current = NOBODY;
    entered = false;
  };
  const enter = (element: Element | null, at: number) => {
    if (element && element === current.deref()) return;
    leave(at);
    if (!element) return;
    current = new WeakRef(element);
    enteredAt = at;
    const number = tracker.number(element);
    entered = number !== BLOCKED;
    tracker.note('element_enter', at, number);
  };

  // Within a shadow tree the window hears nothing of it.
  tracker.roots.each((root) =>
    tracker.on<PointerEvent>(root, 'pointerover', (event, at) => enter(tracker.roots.target(event), at)),
  );
  tracker.on<PointerEvent>(document, 'pointerout', (event, at) => {
    if (!event.relatedTarget) leave(at);
  });
  tracker.atEnd(() => leave(now()));
}
