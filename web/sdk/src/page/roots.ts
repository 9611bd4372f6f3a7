/** The trees in which events happen: the document, and open shadow trees, as soon as somebody acts in them. */
import { composedPath, nodeType, shadowRootOf, targetOf } from './natives.ts';
import { meetShadows } from './privacy.ts';

type Listen = (root: EventTarget) => void;

export interface Roots {
  /**
   * Calls `listen` for the window, and for each shadow root that is found: for events that do not leave their tree. They
   * are preceded by a press, a key or a change of focus, which do, and for which the modules ask for the `target`.
   */
  each(listen: Listen): void;
  /** The innermost element of an event that the window hears, also inside open shadow trees. */
  target(event: Event): Element | null;
}

function isElement(target: EventTarget | null): target is Element {
  try {
    // True also of an element of another realm, as of a frame that the page emptied.
    return nodeType(target as Node) === Node.ELEMENT_NODE;
  } catch {
    return false;
  }
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
    target(event) {
      const target = targetOf(event) as Element;
      // Before all else, since these are the usual ones that are no element.
      if ((target as EventTarget) === window || (target as EventTarget) === document) return null;
      try {
        // Only what hosts a tree hides another target. It throws where there is no element.
        if (!shadowRootOf(target)) return target;
      } catch {
        return null;
      }
      const path = composedPath(event);
      // Shadow trees, also of another realm.
      for (const step of path) if (step !== window && nodeType(step) === Node.DOCUMENT_FRAGMENT_NODE) meet(step);
      return isElement(path[0] ?? null) ? (path[0] as Element) : target;
    },
  };
}
