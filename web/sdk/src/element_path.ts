/** A short, stable name of an element: what a person would call it, and the landmarks that it lies in. */
import { clean, elementText, maskText } from './masking.ts';
import type { ElementInfo } from './wire.ts';

const ANCESTORS_MAX = 3;
const SIBLINGS_MAX = 50;
const LANDMARK = /^(main|form|nav|header|footer|aside|section|article|dialog|table|ul|ol|fieldset)$/;
/** Roles that elements have without saying so; any other input is a textbox. */
const ROLES: Record<string, string> = { a: 'link', select: 'combobox', textarea: 'textbox', submit: 'button' };
const OWN_ROLES = /^(button|checkbox|radio|form|main|img|table|dialog)$/;

function part(element: Element, target: boolean): string {
  const tag = element.localName;
  const label = element.getAttribute('data-ct-label');
  if (label) return `${tag}@${maskText(label, 64)}`;
  if (element.id) return `${tag}#${maskText(element.id, 64)}`;
  const name = element.getAttribute('name');
  if (name) return `${tag}[name=${maskText(name, 64)}]`;
  const role = element.getAttribute('role');
  if (role) return `${tag}[role=${clean(role, 32)}]`;
  return target ? tag + position(element) : tag;
}

/** `:nth-of-type(n)`, where the element has siblings of its kind before it. */
function position(element: Element): string {
  let nth = 1;
  for (let e = element.previousElementSibling; e && nth < SIBLINGS_MAX; e = e.previousElementSibling)
    if (e.localName === element.localName) nth++;
  return nth > 1 ? `:nth-of-type(${nth})` : '';
}

/** `main>form>button#buy`: the element itself, and up to three of its landmarks, lists, or named ancestors. */
export function elementPath(element: Element): string {
  const parts = [part(element, true)];
  for (let e = parentOf(element); e && e.localName !== 'body' && parts.length <= ANCESTORS_MAX; e = parentOf(e)) {
    const entry = /^(li|tr)$/.test(e.localName);
    if (entry || e.id || e.hasAttribute('data-ct-label') || LANDMARK.test(e.localName)) parts.unshift(part(e, entry));
  }
  return parts.join('>');
}

function parentOf(element: Element): Element | null {
  return element.parentElement ?? (element.getRootNode() as ShadowRoot).host ?? null;
}

function roleOf(element: Element): string | null {
  const role = element.getAttribute('role');
  if (role) return clean(role, 32);
  const input = element.localName === 'input';
  const kind = input ? (element as HTMLInputElement).type : element.localName;
  return ROLES[kind] ?? (OWN_ROLES.test(kind) ? kind : input ? 'textbox' : null);
}

const tenth = (pixels: number) => Math.round(pixels * 10) / 10;

export function describe(element: Element): ElementInfo {
  const { left, top, width, height } = element.getBoundingClientRect();
  const name = element.getAttribute('name');
  return {
    path: elementPath(element),
    tag: clean(element.localName, 64),
    id: element.id ? maskText(element.id, 64) : null,
    name: name ? maskText(name, 64) : null,
    role: roleOf(element),
    text: elementText(element),
    rect: [tenth(left), tenth(top), tenth(width), tenth(height)],
  };
}
