/** Which element lies under the pointer: enter, leave, and how long it stayed. The browser says when it is another one. */
import { HIDDEN, NOTHING } from '../elements.ts';
import { atPoint, hasCapture, now, onItself, rootElement, shadowRootOf, timeOf } from '../natives.ts';
import { isBlocked, meetShadows } from '../privacy.ts';
import type { Tracker } from '../tracker.ts';

/** A block may be set while the pointer rests in it: asked anew after this time. */
const BLOCKED_AGAIN_MS = 250;

/** What is shown where the pointer is, in open shadow trees too. */
function shownUnder({ clientX, clientY }: PointerEvent): Element | undefined {
  let shown: Element | undefined;
  let inner: Element | null | undefined = atPoint(document, clientX, clientY);
  // What hosts a tree may be what is shown there itself.
  while (inner && inner !== shown) {
    shown = inner;
    const tree = shadowRootOf(shown);
    if (tree) meetShadows();
    inner = tree?.elementFromPoint(clientX, clientY);
  }
  return shown;
}

/** Returns whether the pointer lies inside of a block. */
export function captureHover({
  elements,
  roots,
  note,
  on,
  atEnd,
}: Tracker): (event: PointerEvent, at: number) => boolean {
  let current = NOTHING;
  let enteredAt = 0;
  let blocked = false;
  let askedAt = -BLOCKED_AGAIN_MS;

  const leave = (at: number) => {
    if (current !== NOTHING) note('element_leave', at, current, 0, at - enteredAt);
    current = NOTHING;
  };
  const enter = (_: Event, at: number, element: Element | null) => {
    const its = elements.know(element);
    // Within a shadow tree both the tree and the window may hear of it.
    if (its === current) return;
    leave(at);
    current = its;
    enteredAt = askedAt = at;
    blocked = its === HIDDEN;
    if (its !== NOTHING) note('element_enter', at, its);
  };

  roots.each((root) => on(root, 'pointerover', enter));
  onItself(rootElement(document), 'pointerleave', (event) => leave(timeOf(event)));
  atEnd(() => leave(now()));
  return (event, at) => {
    const { buttons } = event;
    if (!buttons && at - askedAt < BLOCKED_AGAIN_MS) return blocked;
    const element = roots.innermost(event);
    blocked =
      !!element &&
      (isBlocked(element) ||
        // What is dragged may have captured the pointer: it gets the events, whatever the pointer is over.
        (!!buttons && hasCapture(element, event.pointerId) && isBlocked(shownUnder(event) ?? element)));
    askedAt = at;
    return blocked;
  };
}
