/** The trees in which events happen: the document, and open shadow trees, as soon as somebody acts in them. */
import { quietly } from './guard.ts';
import { composedPath, nodeType, shadowRootOf, targetOf } from './natives.ts';
import { meetShadows } from './privacy.ts';

type Listen = (root: EventTarget) => void;

export interface Roots {
  /**
   * Calls `listen` for the window, and for each shadow root that is found: for events that do not leave their tree. They
   * are preceded by a press, a key or a change of focus, which do, and for which the modules ask for the `innermost`.
   */
  each(listen: Listen): void;
  /** The innermost element of an event that the window hears, also inside open shadow trees. */
  innermost(event: Event): Element | null;
}

export function createRoots(): Roots {
  const listens: Listen[] = [];
  const found: WeakSet<EventTarget> = new WeakSet();
  const shadows: WeakRef<EventTarget>[] = [];
  const meet = (root: EventTarget) => {
    if (found.has(root)) return;
    found.add(root);
    meetShadows();
    shadows.push(new WeakRef(root));
    for (const listen of listens) listen(root);
  };
  return {
    each(listen) {
      listens.push(listen);
      listen(window);
      for (const shadow of shadows) {
        const root = shadow.deref();
        if (root) listen(root);
      }
    },
    innermost(event) {
      const target = targetOf(event) as Element;
      // Before all else, since these are the usual ones that are no element.
      if ((target as EventTarget) === window || (target as EventTarget) === document) return null;
      // Only what hosts a tree hides another target. What is no element has no such root, and may be a text that is dragged.
      if (quietly(() => shadowRootOf(target)) === null) return target;
      let inner: Element | null = null;
      for (const step of composedPath(event)) {
        // True also of another realm, as of a frame that the page emptied. What is no node has none.
        const kind = step !== window && quietly(() => nodeType(step));
        if (kind === Node.DOCUMENT_FRAGMENT_NODE) meet(step);
        if (kind === Node.ELEMENT_NODE) inner ??= step as Element;
      }
      return inner;
    },
  };
}
