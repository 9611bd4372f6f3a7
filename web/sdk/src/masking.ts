/** What may leave the page. Nothing typed does, unless its field is unmasked and harmless. */
import { ELEMENT_TEXT_UNITS_MAX, STRING_UNITS_MAX } from './limits.ts';

const EMAIL = /[^\s@<>"'(),;:]+@[^\s@<>"'(),;:]+/g;
const DIGITS = /\p{Nd}{4,}/gu;
/** Lone surrogates and NUL, which a strict JSON reader or a database refuses. */
const UNSAFE = /[\p{Cs}\0]/gu;
/** Fields whose value is never sent, by type, autocomplete, name, id or label. */
const NEVER_TYPES = /^(password|hidden|email|tel|file)$/;
const NEVER_NAMES =
  /pass|pwd|secret|card|cvv|cvc|ccn|cc-|iban|account|otp|one-time|token|e-?mail|phone|mobile|\btel|ssn|social|tax|birth|\bpin/i;
/** Fields that once were a password: a "show password" button turns them into text. */
const passwords = new WeakSet<Element>();

/** Cuts and makes safe: at most `unitsMax` UTF-16 units, no lone surrogates, no NUL. */
export function clean(text: unknown, unitsMax = STRING_UNITS_MAX): string {
  return String(text).slice(0, unitsMax).replace(UNSAFE, '\ufffd');
}

/** Emails and runs of four or more digits become asterisks. Masks before it cuts, so no half of a match stays. */
export function maskText(text: string, unitsMax = STRING_UNITS_MAX): string {
  const head = text
    .slice(0, unitsMax + 256)
    .replace(/\s+/g, ' ')
    .trim();
  return clean(head.replace(EMAIL, '***').replace(DIGITS, '****'), unitsMax);
}

/** Nothing inside is captured: no events, no text, no pointer samples. */
export function isBlocked(element: Element): boolean {
  return !!element.closest('[data-ct-block]');
}

/** What is done to the field is not captured: input, change, key, clipboard. Clicks and focus still are. */
export function isIgnored(element: Element): boolean {
  return !!element.closest('[data-ct-ignore]');
}

/** Whether the value or the chosen label of a field may be sent: it says so itself and is of no sensitive kind. */
export function isUnmasked(field: Element): boolean {
  const at = (name: string) => field.getAttribute(name) ?? '';
  const type = at('type').toLowerCase();
  if (type === 'password') passwords.add(field);
  return (
    field.hasAttribute('data-ct-unmask') &&
    !passwords.has(field) &&
    !NEVER_TYPES.test(type) &&
    !NEVER_NAMES.test(
      `${at('autocomplete')} ${at('name')} ${field.id} ${at('aria-label')} ${at('placeholder')} ${
        (field as HTMLInputElement).labels?.[0]?.textContent ?? ''
      }`,
    )
  );
}

const NO_TEXT = /^(SCRIPT|STYLE|NOSCRIPT|TEXTAREA|SELECT|DATALIST|IFRAME)$/;
const BUTTON_TYPES = /^(submit|button|reset)$/;

/** Text that the page itself shows on an element, masked; never what a person typed into it. */
export function elementText(element: Element): string | null {
  const input = element as HTMLInputElement;
  if (element.tagName === 'INPUT')
    return BUTTON_TYPES.test(input.type) ? maskText(input.value, ELEMENT_TEXT_UNITS_MAX) : null;
  let text = '';
  let visits = 0;
  const walk = (node: Node): void => {
    if (text.length > ELEMENT_TEXT_UNITS_MAX * 2 || ++visits > 24) return;
    if (node.nodeType === 3) text += node.nodeValue;
    else if (
      node.nodeType === 1 &&
      !NO_TEXT.test((node as Element).tagName) &&
      !(node as HTMLElement).isContentEditable &&
      !(node as Element).hasAttribute('data-ct-block')
    ) {
      for (let child = node.firstChild; child; child = child.nextSibling) walk(child);
      text += ' ';
    }
  };
  walk(element);
  return maskText(text, ELEMENT_TEXT_UNITS_MAX) || null;
}
