/** What the page asked not to be captured, through shadow trees. */
import { closest, nodeType, parentElement, rootOf, slotOf } from './natives.ts';

export const CHOICES = /^(checkbox|radio)$/;

/** Set with the first shadow tree that is met: before, nothing lies or is shown in one. */
let shadows = false;
export const meetShadows = (): void => {
  shadows = true;
};

/** As `closest`, and on from the tree of the element to what shows or hosts it: a slot, a host. */
export function within(element: Element, selectors: string): Element | null {
  if (!shadows) return closest(element, selectors);
  for (let from: Element | null = element; from; from = around(from)) {
    const found = closest(from, selectors);
    if (found) return found;
  }
  return null;
}

function around(element: Element): Element | null {
  for (let e: Element | null = element; e; e = parentElement(e)) {
    const slot = slotOf(e);
    if (slot) return slot;
  }
  return hostAround(element);
}

/**
 * Whether an element that nothing is known of yet is hidden after all, though `isHidden` says no: the first that is shown in a
 * shadow tree is found here.
 */
export function isHiddenAnew(element: Element, edit: boolean): boolean {
  if (shadows || !around(element)) return false;
  shadows = true;
  return isHidden(element, edit);
}

/** The element that hosts the shadow tree in which this one lies; also of another realm, where `instanceof` fails. */
export function hostAround(element: Element): Element | null {
  const root = rootOf(element);
  return nodeType(root) === Node.DOCUMENT_FRAGMENT_NODE ? ((root as ShadowRoot).host ?? null) : null;
}

/** Nothing inside is captured: no events, no text, no pointer samples. */
const BLOCK = '[data-ct-block]';
/** What is done to the field is not captured: input, change, key, clipboard. Clicks and focus still are. */
const IGNORE = '[data-ct-ignore]';
const BOTH = `${BLOCK},${IGNORE}`;

/** `edit`: whether it is an edit, a key or the like, which what is ignored hides as well. */
export const isHidden = (element: Element, edit: boolean): boolean => !!within(element, edit ? BOTH : BLOCK);
export const isBlocked = (element: Element): boolean => isHidden(element, false);
export const isIgnored = (element: Element): boolean => !!within(element, IGNORE);
