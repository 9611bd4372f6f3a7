/** What the page asked not to be captured, through shadow roots; and which fields may tell their value. */
import { attribute, closest, hasAttribute, idOf, nodeType, rootOf } from './natives.ts';

/** Fields whose value is never sent, by type, autocomplete, name, id or label. */
const NEVER_TYPES = /^(password|hidden|email|tel|file)$/;
const NEVER_NAMES =
  /pass|pwd|secret|card|cvv|cvc|ccn|cc-|iban|account|otp|one-time|token|e-?mail|phone|mobile|\btel|ssn|social|tax|birth|\bpin/i;
/** Fields that once were a password: a "show password" button turns them into text. */
const passwords = new WeakSet<Element>();

/** Set with the first shadow tree that is met: before, nothing lies in one. */
let shadows = false;
export const meetShadows = (): void => {
  shadows = true;
};

/** As `closest`, and on from a shadow root to what hosts it. */
export function within(element: Element, selectors: string): Element | null {
  if (!shadows) return closest(element, selectors);
  for (let from: Element | null = element; from; from = hostAround(from)) {
    const found = closest(from, selectors);
    if (found) return found;
  }
  return null;
}

/** The element that hosts the shadow tree in which this one lies; also of another realm, where `instanceof` fails. */
export function hostAround(element: Element): Element | null {
  const root = rootOf(element);
  return nodeType(root) === Node.DOCUMENT_FRAGMENT_NODE ? ((root as ShadowRoot).host ?? null) : null;
}

/** Nothing inside is captured: no events, no text, no pointer samples. */
export const isBlocked = (element: Element): boolean => !!within(element, '[data-ct-block]');

/** What is done to the field is not captured: input, change, key, clipboard. Clicks and focus still are. */
export const isIgnored = (element: Element): boolean => !!within(element, '[data-ct-ignore]');

/** Whether the value or the chosen label of a field may be sent: it says so itself and is of no sensitive kind. */
export function isUnmasked(field: Element): boolean {
  const at = (name: string) => attribute(field, name) ?? '';
  const type = at('type').toLowerCase();
  if (type === 'password') passwords.add(field);
  return (
    hasAttribute(field, 'data-ct-unmask') &&
    !passwords.has(field) &&
    !NEVER_TYPES.test(type) &&
    !NEVER_NAMES.test(
      `${at('autocomplete')} ${at('name')} ${idOf(field)} ${at('aria-label')} ${at('placeholder')} ${
        (field as HTMLInputElement).labels?.[0]?.textContent ?? ''
      }`,
    )
  );
}
